class Node {
  constructor(left, right) {
    this.left = left;
    this.right = right;
  }
}

function build(depth) {
  if (depth === 0) return new Node(null, null);
  return new Node(build(depth - 1), build(depth - 1));
}

function countNodes(node) {
  if (node.left === null) return 1;
  return 1 + countNodes(node.left) + countNodes(node.right);
}

function run(maxDepth) {
  const kept = build(maxDepth);
  let total = countNodes(build(maxDepth + 1));
  for (let depth = 4; depth <= maxDepth; depth += 4) {
    const trees = 1 << (maxDepth - depth + 4);
    for (let i = 0; i < trees; i++) {
      total += countNodes(build(depth));
    }
  }
  return total + countNodes(kept);
}

const n = Number(process.argv[2] ?? 12);
console.log(run(n));
