#!/usr/bin/env python3
"""Refuses the shapes of coroutines that g++ 12 compiles wrongly.

* co_await inside a condition, an argument list or an expression: it is a
  statement of its own, or the whole right side of an initialisation or assignment
* a capturing lambda that is itself a coroutine
* a brace-made temporary or a class-type ?: within a co_await expression
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALLOWED = re.compile(
    r"^\s*(co_await\b.*|(?:(?:const\s+)?[\w:<>,&*\s]+?[&\s])?[\w.\->\[\]*]+\s*=\s*co_await\b.*)$", re.S)


def without_comments_and_strings(text: str) -> str:
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0)) if match.group(0)[0] == "/" else '""'
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def statement_around(text: str, at: int):
    """From the previous ; { } or ) of an if to the next ; at the same depth."""
    begin = at
    while begin > 0 and text[begin - 1] not in ";{}":
        begin -= 1
    depth, end = 0, at
    while end < len(text):
        if text[end] in "([{":
            depth += 1
        elif text[end] in ")]}":
            depth -= 1
        elif text[end] == ";" and depth <= 0:
            break
        end += 1
    return text[begin:end]


def main() -> int:
    faults, seen = [], 0
    for top in ("common", "combiner", "msa", "tests"):
        for file in sorted((ROOT / top).rglob("*.[ch]pp")):
            path = file.relative_to(ROOT).as_posix()
            text = without_comments_and_strings(file.read_text(encoding="utf-8"))
            for match in re.finditer(r"\bco_await\b", text):
                seen += 1
                line = text.count("\n", 0, match.start()) + 1
                statement = statement_around(text, match.start()).strip()
                # `else`, labels and single-statement branches stand before the statement.
                statement = re.sub(r"^(?:else\s+|do\s+|case [^:]+:\s*|default:\s*|(?:public|private):\s*)*", "", statement)
                if re.match(r"^(if|while|for|switch)\b", statement):
                    head = re.match(r"^(?:if|while|for|switch)\s*(?:constexpr\s*)?\(", statement)
                    depth, i = 0, head.end() - 1
                    while i < len(statement):
                        depth += (statement[i] == "(") - (statement[i] == ")")
                        i += 1
                        if depth == 0:
                            break
                    if "co_await" in statement[:i]:
                        faults.append(f"{path}:{line}: co_await inside a condition")
                        continue
                    statement = statement[i:].strip()
                if not ALLOWED.match(statement):
                    faults.append(f"{path}:{line}: co_await is part of an expression: {statement[:60]!r}")
                    continue
                awaited = statement[statement.index("co_await"):]
                if re.search(r"[\w>]\s*\{[^}]*\}\s*[,)]", awaited):
                    faults.append(f"{path}:{line}: a brace-made temporary within co_await")
                if re.search(r"\?[^:]*:[^:]", awaited) and "Rcode::" not in awaited:
                    faults.append(f"{path}:{line}: a conditional within co_await")
            for match in re.finditer(r"\[[^\]\n]+\]\s*(\([^)]*\))?\s*(mutable\s*)?->\s*(boost::)?asio::awaitable", text):
                line = text.count("\n", 0, match.start()) + 1
                faults.append(f"{path}:{line}: a capturing lambda is a coroutine")
    if seen < 20:
        faults.append(f"only {seen} co_await were found: the lint looks in the wrong place")
    print("\n".join(faults) or f"{seen} co_await, none of a shape that g++ 12 compiles wrongly")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
