function sieve(n) {
  const isComposite = new Array(n + 1).fill(false);
  let total = 0;
  let last = 0;
  for (let i = 2; i <= n; i++) {
    if (!isComposite[i]) {
      total++;
      last = i;
      for (let j = i * i; j <= n; j += i) {
        isComposite[j] = true;
      }
    }
  }
  return [total, last];
}

const n = Number(process.argv[2] ?? 1000000);
const [total, last] = sieve(n);
console.log(`${total} ${last}`);
