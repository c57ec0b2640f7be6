"""Who is guilty by metrics of any name and the calls between services alone."""
