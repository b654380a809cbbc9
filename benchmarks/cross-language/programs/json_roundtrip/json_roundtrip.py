import json
import sys


def make_records(n):
    records = []
    for i in range(n):
        records.append({
            "id": i,
            "name": f"user {i}",
            "score": i % 100 + 0.25,
            "active": i % 3 == 0,
            "tags": [f"a{i % 7}", 'b"quoted"', "c"],
            "position": {"x": i % 10, "y": -i},
        })
    return records


def checksum(records):
    ids = letters = active = 0
    score = 0.0
    for r in records:
        ids += r["id"] + r["position"]["x"] + r["position"]["y"]
        score += r["score"]
        letters += len(r["name"]) + len(r["tags"][1])
        if r["active"]:
            active += 1
    return f"{ids} {score:.2f} {letters} {active}"


n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
records = make_records(n)
for _ in range(rounds):
    records = json.loads(json.dumps(records))
print(checksum(records))
