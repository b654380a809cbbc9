function fibMod(n) {
  let a = 0;
  let b = 1;
  for (let i = 0; i < n; i++) {
    [a, b] = [b, (a + b) % 1000000007];
  }
  return a;
}

const n = Number(process.argv[2] ?? 100000);
console.log(fibMod(n));
