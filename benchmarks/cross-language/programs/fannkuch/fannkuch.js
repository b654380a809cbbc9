function fannkuch(n) {
  const perm1 = Array.from({ length: n }, (_, i) => i);
  const counts = new Array(n).fill(0);
  let maxFlips = 0;
  let checksum = 0;
  let r = n;
  let even = true;
  while (true) {
    while (r !== 1) {
      counts[r - 1] = r;
      r--;
    }
    const perm = perm1.slice();
    let flips = 0;
    let k = perm[0];
    while (k !== 0) {
      let i = 0;
      let j = k;
      while (i < j) {
        const swapped = perm[i];
        perm[i] = perm[j];
        perm[j] = swapped;
        i++;
        j--;
      }
      flips++;
      k = perm[0];
    }
    if (flips > maxFlips) maxFlips = flips;
    checksum += even ? flips : -flips;
    while (true) {
      if (r === n) return [checksum, maxFlips];
      const first = perm1[0];
      for (let i = 0; i < r; i++) {
        perm1[i] = perm1[i + 1];
      }
      perm1[r] = first;
      counts[r]--;
      if (counts[r] > 0) break;
      r++;
    }
    even = !even;
  }
}

const n = Number(process.argv[2] ?? 8);
const [checksum, maxFlips] = fannkuch(n);
console.log(`${checksum} ${maxFlips}`);
