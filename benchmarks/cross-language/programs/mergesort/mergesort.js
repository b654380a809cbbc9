function numbers(n) {
  const xs = [];
  let seed = 42;
  for (let i = 0; i < n; i++) {
    seed = seed * 16807 % 2147483647;
    xs.push(seed % 1000000);
  }
  return xs;
}

function mergeHalves(a, b) {
  const result = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] <= b[j]) {
      result.push(a[i]);
      i++;
    } else {
      result.push(b[j]);
      j++;
    }
  }
  while (i < a.length) {
    result.push(a[i]);
    i++;
  }
  while (j < b.length) {
    result.push(b[j]);
    j++;
  }
  return result;
}

function mergesort(xs) {
  if (xs.length < 2) return xs;
  const middle = Math.floor(xs.length / 2);
  return mergeHalves(mergesort(xs.slice(0, middle)), mergesort(xs.slice(middle)));
}

const n = Number(process.argv[2] ?? 100000);
const xs = mergesort(numbers(n));
let checksum = 0;
for (let i = 0; i < xs.length; i++) {
  checksum = (checksum + xs[i] * (i % 1000)) % 1000000007;
}
console.log(`${checksum} ${xs[0]} ${xs[Math.floor(n / 2)]} ${xs[n - 1]}`);
