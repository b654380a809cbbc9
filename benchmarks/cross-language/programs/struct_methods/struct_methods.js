class Vec {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }

  plus(other) {
    return new Vec(this.x + other.x, this.y + other.y);
  }

  dot(other) {
    return this.x * other.x + this.y * other.y;
  }

  shift(dx, dy) {
    this.x += dx;
    this.y += dy;
  }
}

function run(n) {
  const step = new Vec(1, 2);
  let position = new Vec(0, 0);
  let total = 0;
  for (let i = 0; i < n; i++) {
    position = position.plus(step);
    position.shift(-1, i % 3 - 2);
    total += position.dot(step) % 7;
  }
  return [position, total];
}

const n = Number(process.argv[2] ?? 300000);
const [position, total] = run(n);
console.log(`${position.x} ${position.y} ${total}`);
