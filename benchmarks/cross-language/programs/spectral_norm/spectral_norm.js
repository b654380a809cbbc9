function a(i, j) {
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

function timesA(v) {
  const n = v.length;
  const result = [];
  for (let i = 0; i < n; i++) {
    let sum = 0.0;
    for (let j = 0; j < n; j++) {
      sum += a(i, j) * v[j];
    }
    result.push(sum);
  }
  return result;
}

function timesATransposed(v) {
  const n = v.length;
  const result = [];
  for (let i = 0; i < n; i++) {
    let sum = 0.0;
    for (let j = 0; j < n; j++) {
      sum += a(j, i) * v[j];
    }
    result.push(sum);
  }
  return result;
}

function spectralNorm(n) {
  let u = new Array(n).fill(1.0);
  let v = [];
  for (let i = 0; i < 10; i++) {
    v = timesATransposed(timesA(u));
    u = timesATransposed(timesA(v));
  }
  let uv = 0.0;
  let vv = 0.0;
  for (let i = 0; i < n; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  return Math.sqrt(uv / vv);
}

const n = Number(process.argv[2] ?? 200);
console.log(spectralNorm(n).toFixed(9));
