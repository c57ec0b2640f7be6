"""What SQL is let through: one SELECT over our tables, of functions that are known to be harmless.

DuckDB does not count the strings that functions build towards its memory limit, so functions that
multiply text (repeat, replace, lpad, printf; strftime by a format that is not written out) are not
offered, nor those that take the square of a text (levenshtein), nor what tells about the machine.
What gets through runs where it can be killed (see `queries`).
"""

import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import duckdb

from ..errors import ToolRetry
from .tables import COLUMNS

LONGEST_SQL = 3000
MOST_JOINED = 10
"""How often a statement may put texts together: each time may double them."""
JOINING = {"||", "concat", "concat_ws"}
SYSTEM = re.compile(r"(?i)duckdb_|pragma_|sqlite_|pg_|information_schema")
"""Names of views about the database: a named subquery may not be called so, or they could be read
where it is not in scope."""
LONGEST_FORMAT = 60
TABLE_FUNCTIONS = {"unnest", "range", "generate_series", "json_each"}
FUNCTIONS = """
    + - * / // % ** ^ || -> ->> ~~ !~~ ~~* !~~* @> ! & | << >>
    count count_star count_if sum avg mean min max median mode quantile quantile_cont quantile_disc
    approx_count_distinct approx_quantile stddev stddev_samp stddev_pop variance var_samp var_pop
    corr covar_pop covar_samp regr_slope regr_intercept regr_r2 skewness kurtosis entropy
    any_value arg_max arg_min max_by min_by first last list array_agg string_agg group_concat
    bool_and bool_or histogram product row_number rank dense_rank percent_rank cume_dist ntile lag
    lead first_value last_value nth_value abs ceil ceiling floor round trunc sign sqrt exp ln log
    log2 log10 pow power mod greatest least isnan isfinite isinf lower upper length len strlen
    substr substring left right trim ltrim rtrim contains starts_with prefix suffix ends_with
    strpos position instr concat concat_ws split_part string_split str_split regexp_matches
    regexp_full_match regexp_extract regexp_extract_all regexp_split_to_array like_escape
    not_like_escape ilike_escape coalesce ifnull nullif if epoch epoch_ms
    to_timestamp make_timestamp date_trunc date_part datepart date_diff datediff time_bucket
    strftime extract year month day hour minute second now to_seconds to_minutes to_hours to_days
    json_extract json_extract_string json_extract_path json_extract_path_text json_keys
    json_array_length json_type json_exists json_contains json_value list_contains list_has
    list_value list_extract list_element array_extract list_count list_sum list_avg list_min
    list_max list_distinct list_unique list_sort unnest struct_extract struct_pack row map_keys
    map_values map_extract element_at cardinality typeof hash md5
"""


def allowed(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The statement written anew, if it is one SELECT over our tables.

    Raises ToolRetry with what to correct; duckdb.Error for what is no SQL.
    """
    if len(sql) > LONGEST_SQL:
        raise ToolRetry(f"the query is {len(sql)} characters; at most {LONGEST_SQL} are taken")
    statements = duckdb.extract_statements(sql.encode(errors="replace").decode())
    if len(statements) != 1:
        raise ToolRetry(f"give exactly one SELECT statement, not {len(statements)}")
    kind = statements[0].type
    if kind is not duckdb.StatementType.SELECT:
        raise ToolRetry(f"only SELECT is answered, not {kind.name}; rewrite it as one SELECT")
    tree = _tree(cursor, statements[0].query)
    _check(json.loads(tree))
    # Written anew from what was checked: nothing hides in comments, nothing is parsed twice.
    written = cursor.execute("SELECT json_deserialize_sql(?)", [tree]).fetchone()
    return written[0] if written else ""


def _tree(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The parsed statement as DuckDB writes it down, JSON."""
    found = cursor.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    text = found[0] if found else '{"error": true}'
    try:
        tree = json.loads(text)
    except RecursionError:
        raise ToolRetry("the query is nested too deeply; write a simpler SELECT") from None
    if tree.get("error"):
        raise ToolRetry(f"this is no plain SELECT: {str(tree.get('error_message'))[:200]}")
    return text


def _check(tree: Any) -> None:
    """Raises ToolRetry for a table or function that is not offered."""
    nodes = list(_nodes(tree))
    ours = {entry["key"] for node in nodes for entry in node.get("map", []) if "key" in entry}
    tables = COLUMNS.keys() | {n for n in ours if n.isidentifier() and not SYSTEM.match(n)}
    sources = {id(n.get("function")): n for n in nodes if n.get("type") == "TABLE_FUNCTION"}
    joined = 0
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            _table(node, tables)
        name = str(node.get("function_name", "")).lower()
        if id(node) in sources:
            _offered(name, TABLE_FUNCTIONS, "table function")
        elif name:
            _offered(name, set(FUNCTIONS.split()), "function")
        joined += name in JOINING
        if name == "strftime":
            _written_out(node)
    if joined > MOST_JOINED:
        raise ToolRetry(f"texts are put together {joined} times; {MOST_JOINED} at most")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree, without recursion: a query may be nested deeply."""
    waiting = [tree]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            yield here
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)


def _table(node: dict[str, Any], tables: set[str]) -> None:
    name = str(node.get("table_name", ""))
    elsewhere = node.get("schema_name") not in ("", "main") or node.get("catalog_name")
    if elsewhere or name.lower() not in {table.lower() for table in tables}:
        raise ToolRetry(f"there is no table {name[:60]!r}; {schema()}")


def _written_out(node: dict[str, Any]) -> None:
    """Each `%…` of a format becomes up to a dozen characters, of a text of any length."""
    *_, last = [entry.get("expression", {}) for entry in node.get("arguments", [])] or [{}]
    text = last.get("literal", {}).get("text")
    if not isinstance(text, str) or len(text) > LONGEST_FORMAT:
        raise ToolRetry(f"strftime takes a format of at most {LONGEST_FORMAT} characters; use '%H'")


def _offered(name: str, offered: set[str], what: str) -> None:
    if name in offered:
        return
    close = get_close_matches(name, offered, 3, 0.5) or sorted(offered - {"!"})[:4]
    raise ToolRetry(f"{what} {name[:60]} is not offered; use {', '.join(close)} or do without")


def schema() -> str:
    """The tables and their columns in one line."""
    tables = (f"{name}({', '.join(columns)})" for name, columns in COLUMNS.items())
    return f"the tables are {', '.join(tables)}"
