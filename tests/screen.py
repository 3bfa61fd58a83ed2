"""What is to be seen on a terminal, after all that was written to it."""

import re

CONTROL = re.compile(r"\x1b\[(\??)(\d*(?:;\d+)*)([A-Za-z])")


def visible(written):
    """The lines of the screen, down to the cursor.

    Of the controls, those that move up, erase a line, or colour.
    """
    lines, row, column, place = [""], 0, 0, 0
    while place < len(written):
        if control := CONTROL.match(written, place):
            private, number, kind = control.groups()
            if kind == "A":
                row = max(0, row - int(number or 1))
            elif kind == "K":
                assert number == "2", control[0]
                lines[row] = ""
            else:
                assert kind == "m" or private, control[0]
            place = control.end()
            continue
        character = written[place]
        place += 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row += 1
            column = 0
            lines += [""] * (row + 1 - len(lines))
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + character + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines[: row + 1]]
