function fib(n) {
  let a = 0n;
  let b = 1n;
  for (let i = 0; i < n; i++) {
    [a, b] = [b, a + b];
  }
  return a;
}

const n = Number(process.argv[2] ?? 100000);
const digits = fib(n).toString();
console.log(`${digits.length} ${digits.slice(0, 20)} ${digits.slice(-20)}`);
