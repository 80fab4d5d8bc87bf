"""Functions that the benchmarks' reports share: numbers as text, and aligned tables."""


def megabytes(count):
    return f'{count / 1e6:.1f}'


def table(rows, left=(0,)):
    """Prints rows of cells with aligned columns; those whose numbers are in `left` are left-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print('  '.join(cell.ljust(width) if i in left else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
    print()
