"""Variables of templates: a closed set, replaced once."""

import pytest

from pki_schema.errors import FieldError
from pki_schema.fields import Text
from pki_schema.load.substitute import distinguished_name, substitute, variables_in

VALUES = {"service_name": "api", "zone": "vcc.local", "loop": "${zone}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${service_name}.${zone}", "api.vcc.local"),
        ("plain $ and {braces}", "plain $ and {braces}"),
        ("$${zone}", "${zone}"),
        ("$${${zone}}", "${vcc.local}"),
        ("${loop}", "${zone}"),
    ],
)
def test_each_variable_is_replaced_once_and_never_again(text: str, expected: str) -> None:
    """A value that looks like a variable stays a text: parameters cannot smuggle one in."""
    assert substitute(text, VALUES) == expected


@pytest.mark.parametrize("text", ["${unknown}", "${}", "${ zone }", "${zone", "${service_nam}"])
def test_what_has_no_value_is_an_error(text: str) -> None:
    with pytest.raises(FieldError) as caught:
        substitute(text, VALUES)

    assert caught.value.code == "PKI3022"


def test_a_misspelt_variable_gets_a_candidate() -> None:
    with pytest.raises(FieldError) as caught:
        substitute("${service_nam}", VALUES)

    assert "service_name" in caught.value.hint


def test_the_variables_of_a_text_are_found_without_its_escapes() -> None:
    assert variables_in("${a}.$${b}.${c}") == {"a", "c"}


def test_a_subject_keeps_its_order() -> None:
    subject = ({"C": Text("DE")}, {"CN": Text("${service_name}")}, {"O": Text("VCC")})

    assert distinguished_name(subject, VALUES) == (
        ("2.5.4.6", "DE"),
        ("2.5.4.3", "api"),
        ("2.5.4.10", "VCC"),
    )


@pytest.mark.parametrize(
    ("rdn", "code"),
    [
        ({"CN": Text("a"), "O": Text("b")}, "PKI2030"),
        ({}, "PKI2030"),
        ({"commonName": Text("a")}, "PKI2031"),
        ({"CN": Text("x" * 65)}, "PKI2032"),
        ({"ST": Text("x" * 129)}, "PKI2032"),
        ({"C": Text("Germany")}, "PKI2032"),
        ({"C": Text("de")}, "PKI2033"),
        ({"2.5.4.3": Text("a")}, "PKI2031"),
        ({"DC": Text("vcc.local")}, "PKI2033"),
    ],
)
def test_what_no_name_can_hold_is_refused(rdn: dict[str, Text], code: str) -> None:
    """RFC 5280 appendix A: pyca would raise much later, or sign what others refuse."""
    with pytest.raises(FieldError) as caught:
        distinguished_name((rdn,), VALUES)

    assert caught.value.code == code


def test_bounds_hold_for_the_result_and_not_for_what_was_written() -> None:
    with pytest.raises(FieldError):
        distinguished_name(({"CN": Text("${name}")},), {"name": "x" * 65})
