"""Every rule is in the book of its folder, under a code of its own."""

import importlib
import pkgutil

import pytest

from pki_reconciler.decide.lint import answers, certificates, crls, rulebook

BOOKS = [
    (
        certificates,
        rulebook.CERTIFICATE_RULES + rulebook.SHARED_CERTIFICATE_RULES,
        "PKI50",
    ),
    (crls, rulebook.CRL_RULES, "PKI51"),
    (answers, rulebook.ANSWER_RULES, "PKI52"),
]


def modules(folder):
    names = [found.name for found in pkgutil.iter_modules(folder.__path__)]
    return [importlib.import_module(f"{folder.__name__}.{name}") for name in names]


@pytest.mark.parametrize(("folder", "book", "prefix"), BOOKS)
def test_every_rule_of_a_folder_is_in_its_book(folder, book, prefix):
    """A rule that nobody runs would look like safety."""
    assert {rule.__module__ for rule in book} == {module.__name__ for module in modules(folder)}
    assert len(book) == len(set(book))


@pytest.mark.parametrize(("folder", "book", "prefix"), BOOKS)
def test_codes_are_unique_and_of_their_range(folder, book, prefix):
    codes = [module.CODE for module in modules(folder)]
    assert len(set(codes)) == len(codes)
    assert all(code.startswith(prefix) for code in codes)


@pytest.mark.parametrize(("folder", "book", "prefix"), BOOKS)
def test_every_rule_says_what_it_enforces(folder, book, prefix):
    assert all(rule.__doc__ for rule in book)
