function matrix(n, seed) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = [];
    for (let j = 0; j < n; j++) {
      row.push((i * seed + j) % 10 + 0.5);
    }
    rows.push(row);
  }
  return rows;
}

function multiply(a, b, n) {
  const c = [];
  for (let i = 0; i < n; i++) {
    const row = [];
    for (let j = 0; j < n; j++) {
      let sum = 0.0;
      for (let k = 0; k < n; k++) {
        sum += a[i][k] * b[k][j];
      }
      row.push(sum);
    }
    c.push(row);
  }
  return c;
}

const n = Number(process.argv[2] ?? 120);
const c = multiply(matrix(n, 3), matrix(n, 7), n);
let trace = 0.0;
for (let i = 0; i < n; i++) {
  trace += c[i][i] + c[i][n - 1 - i];
}
console.log(trace.toFixed(3));
