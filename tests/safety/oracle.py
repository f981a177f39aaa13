"""The second opinion about typed amounts, by Python's decimal and regular expressions.

Prints, for every string of 1 to 6 characters over the alphabet, in the order of
itertools.product, each reading that may be taken or must be shown, one a line:
    TEXT EXPONENT STYLE amount MINOR
    TEXT EXPONENT STYLE ambiguous GROUPED DECIMAL
A string, exponent and style that have no line must be refused. The last line is "end COUNT".
Style: the mark that the language writes decimals with.
"""
import itertools
import re
import sys
from decimal import ROUND_DOWN, Decimal

ALPHABET = "019.,' -+e"
LONGEST = 6
LARGEST = 10**12
PLAIN = r"(0|[1-9][0-9]*)"


def grouped(mark):
    return rf"[1-9][0-9]{{0,2}}({re.escape(mark)}[0-9]{{3}})+"


# Per decimal mark: a whole number, plain or grouped by the other mark, with or without decimals.
SHAPE = {
    mark: re.compile(rf"({PLAIN}|{grouped(other)})({re.escape(mark)}[0-9]+)?")
    for mark, other in ((".", ","), (",", "."))
}


def reading(text, mark):
    """The number that text is when mark stands before the decimals; None when it is none."""
    if not SHAPE[mark].fullmatch(text):
        return None
    other = "," if mark == "." else "."
    return Decimal(text.replace(other, "").replace(mark, "."))


def decimals(number):
    return -number.as_tuple().exponent


def minor(number, exponent):
    return int(number.quantize(Decimal(1).scaleb(-exponent), ROUND_DOWN).scaleb(exponent))


def judge(text, exponent, style):
    """None: refused; otherwise what is said after the style."""
    found = [r for r in (reading(text, "."), reading(text, ",")) if r is not None]
    if len(found) == 2 and found[0] != found[1]:
        own = reading(text, style)
        if exponent != 3 or decimals(own) == 0:
            low, high = sorted(found)
            return f"ambiguous {minor(high, exponent)} {minor(low, exponent)}"
        found = [own]
    if not found or decimals(found[0]) > exponent:
        return None
    value = minor(found[0], exponent)
    return f"amount {value}" if 0 < value <= LARGEST else None


def main():
    possible = re.compile(r"[0-9.,]+").fullmatch
    count = 0
    out = sys.stdout.write
    for length in range(1, LONGEST + 1):
        for letters in itertools.product(ALPHABET, repeat=length):
            text = "".join(letters)
            count += 1
            if not possible(text):
                continue
            for exponent in (0, 2, 3):
                for style in ".,":
                    said = judge(text, exponent, style)
                    if said:
                        out(f"{text} {exponent} {style} {said}\n")
    out(f"end {count}\n")


main()
