function numbers(n) {
  const xs = [];
  let seed = 42;
  for (let i = 0; i < n; i++) {
    seed = seed * 16807 % 2147483647;
    xs.push(seed % 1000000);
  }
  return xs;
}

function quicksort(xs, low, high) {
  let i = low;
  let j = high;
  const pivot = xs[(low + high) >> 1];
  while (i <= j) {
    while (xs[i] < pivot) i++;
    while (xs[j] > pivot) j--;
    if (i <= j) {
      const swapped = xs[i];
      xs[i] = xs[j];
      xs[j] = swapped;
      i++;
      j--;
    }
  }
  if (low < j) quicksort(xs, low, j);
  if (i < high) quicksort(xs, i, high);
}

const n = Number(process.argv[2] ?? 100000);
const xs = numbers(n);
quicksort(xs, 0, n - 1);
let checksum = 0;
for (let i = 0; i < xs.length; i++) {
  checksum = (checksum + xs[i] * (i % 1000)) % 1000000007;
}
console.log(`${checksum} ${xs[0]} ${xs[Math.floor(n / 2)]} ${xs[n - 1]}`);
