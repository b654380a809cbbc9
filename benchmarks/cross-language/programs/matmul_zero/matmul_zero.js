function zeros(n) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    rows.push(new Array(n).fill(0));
  }
  return rows;
}

function matrix(n, seed) {
  const rows = zeros(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      rows[i][j] = (i * seed + j) % 10 + 0.5;
    }
  }
  return rows;
}

function multiply(a, b, n) {
  const c = zeros(n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = a[i][k];
      for (let j = 0; j < n; j++) {
        c[i][j] += x * b[k][j];
      }
    }
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
