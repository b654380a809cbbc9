function build(n) {
  let text = "";
  for (let i = 0; i < n; i++) {
    text += `${i % 1000},`;
  }
  return text;
}

const n = Number(process.argv[2] ?? 100000);
const rounds = Number(process.argv[3] ?? 1);
let total = 0;
let tail = "";
for (let i = 0; i < rounds; i++) {
  const text = build(n);
  total += text.length;
  tail = text.slice(-12);
}
console.log(`${total} ${tail}`);
