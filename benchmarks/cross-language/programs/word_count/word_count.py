import sys


def make_text(n):
    lines = []
    words = []
    seed = 7
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        a = seed % 1000
        seed = seed * 16807 % 2147483647
        words.append(f"word{a * (seed % 1000) // 1000}")
        if len(words) == 12:
            lines.append(" ".join(words))
            words = []
    return "\n".join(lines)


def count_words(text):
    counts = {}
    for line in text.split("\n"):
        for word in line.split(" "):
            counts[word] = counts.get(word, 0) + 1
    return counts


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 120_000
    counts = count_words(make_text(n))
    ranking = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    top = [f"{word}:{times}" for word, times in ranking[:4]]
    print(len(counts), " ".join(top))


main()
