"""Figures that others reached on the same cases, for the notes below a table. Not run here.

Nezha (Yu et al. 2023): their log and their code. PetShop (Hardt et al. 2024): their code, run
again. rootcausebench: their published results, restricted to the twelve cases.
"""

REFERENCES: dict[str, list[str]] = {
    "nezha_ob": ["Nezha AC@1 .893, AC@3 .929, AC@5 .929 (authors' log; logs and traces whole)"],
    "nezha_tt": ["Nezha AC@1 .913, AC@3 1, AC@5 1 (authors' code; logs and traces whole)"],
    "petshop": [
        "ranked correlation AC@1 .577, AC@3 .769; traversal .500, .769; CIRCA .385, .923; "
        "RCD .269, .346; random walk 0, .077; epsilon-diagnosis 0, 0 (authors' code)"
    ],
    "rootcausebench": [
        "culprit commit: always 'none' 3/12; latest deploy 1/12 and 10 decoys; latest deploy of "
        "the alerting service 3/12 and 8; scripted-rca 4/12 and 8",
        "culprit commit by models with a shell, 3 attempts each: gpt-oss-20b 25 %, gpt-oss-120b "
        "36 %, claude-haiku-4.5 47 %, qwen3-235b 67 %, gpt-5.4-mini 78 %, claude-opus-4.8 97 %, "
        "gpt-5.6-sol 100 %; their mean graded reward: .356, .406, .512, .700, .797, .972, 1",
    ],
}
"""By the name of a set; of one that is not here nothing is known."""
