import sys


def make_table(n):
    lines = []
    for i in range(n):
        lines.append(f"row{i},{i * 7 % 1000},alpha,beta,{i % 13},gamma,delta,end")
    return "\n".join(lines)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    text = make_table(n)
    total = 0
    for _ in range(rounds):
        lines = []
        for line in text.split("\n"):
            fields = line.split(",")
            total += int(fields[1])
            fields[0], fields[7] = fields[7], fields[0]
            lines.append(",".join(fields))
        text = "\n".join(lines)
    print(total, len(text), text[:20])


main()
