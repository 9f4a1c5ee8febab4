import unittest

from naru_tools import matrix_table

DIALECTS = {"openai_chat": {"letter": "C", "title": "Chat"},
            "anthropic": {"letter": "A", "title": "Messages"}}
PAIRS = [["openai_chat", "openai_chat"], ["openai_chat", "anthropic"], ["anthropic", "anthropic"]]


def results(**cells):
    """Of one feature; keys as `openai_chat__anthropic`."""
    named = {pair.replace("__", " "): cell for pair, cell in cells.items()}
    return {"dialects": DIALECTS, "pairs": PAIRS,
            "features": {"sampling/seed": {"title": "Seed", "cells": named}}}


WHOLE = dict(openai_chat__openai_chat={"is": "carried"},
             openai_chat__anthropic={"is": "loss", "fields": ["seed", "n"]},
             anthropic__anthropic={"is": "not applicable"})


class Table(unittest.TestCase):
    def test_has_a_row_a_feature_and_a_column_a_pair(self):
        text = matrix_table.table(results(**WHOLE))
        self.assertIn("| feature | C → C | C → A | A → A |\n", text)
        self.assertIn("| Seed | carried | loss: `seed`, `n` | – |\n", text)

    def test_names_every_dialect_under_its_letter(self):
        self.assertIn("\n**C** Chat, **A** Messages.\n", matrix_table.table(results(**WHOLE)))

    def test_has_a_row_a_group(self):
        self.assertIn("| **sampling** | | | |\n", matrix_table.table(results(**WHOLE)))

    def test_refuses_a_cell_that_is_missing(self):
        with self.assertRaisesRegex(matrix_table.Incomplete, "sampling/seed, anthropic -> anthro"):
            matrix_table.table(results(**{**WHOLE, "anthropic__anthropic": {}}))

    def test_refuses_a_loss_of_nothing(self):
        with self.assertRaises(matrix_table.Incomplete):
            matrix_table.table(results(**{**WHOLE, "openai_chat__anthropic": {"is": "loss"}}))
