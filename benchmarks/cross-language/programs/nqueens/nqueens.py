import sys


class Board:
    def __init__(self, n):
        self.n = n
        self.columns = [False] * n
        self.rising = [False] * (2 * n)
        self.falling = [False] * (2 * n)

    def solutions(self, row):
        if row == self.n:
            return 1
        total = 0
        for c in range(self.n):
            up = row + c
            down = row - c + self.n
            if not (self.columns[c] or self.rising[up] or self.falling[down]):
                self.columns[c] = True
                self.rising[up] = True
                self.falling[down] = True
                total += self.solutions(row + 1)
                self.columns[c] = False
                self.rising[up] = False
                self.falling[down] = False
        return total


n = int(sys.argv[1]) if len(sys.argv) > 1 else 8
print(Board(n).solutions(0))
