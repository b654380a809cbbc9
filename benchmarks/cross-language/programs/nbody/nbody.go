package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
)

func arg(i, fallback int) int {
	if len(os.Args) > i {
		if v, err := strconv.Atoi(os.Args[i]); err == nil {
			return v
		}
	}
	return fallback
}

const (
	solarMass = 4.0 * math.Pi * math.Pi
	days      = 365.24
)

type Body struct{ x, y, z, vx, vy, vz, mass float64 }

func solarSystem() []Body {
	return []Body{
		{0, 0, 0, 0, 0, 0, solarMass},
		{4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
			0.00166007664274403694 * days, 0.00769901118419740425 * days, -0.0000690460016972063023 * days,
			0.000954791938424326609 * solarMass},
		{8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
			-0.00276742510726411254 * days, 0.00499852801234917238 * days, 0.0000230417297573763929 * days,
			0.000285885980666130812 * solarMass},
		{12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
			0.00296460137564761618 * days, 0.00237847173959480950 * days, -0.0000296589568540237556 * days,
			0.0000436624404335156298 * solarMass},
		{15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
			0.00268067772490389322 * days, 0.00162824170038242295 * days, -0.0000951592254519715870 * days,
			0.0000515138902046611451 * solarMass},
	}
}

func offsetMomentum(bodies []Body) {
	px, py, pz := 0.0, 0.0, 0.0
	for _, b := range bodies {
		px += b.vx * b.mass
		py += b.vy * b.mass
		pz += b.vz * b.mass
	}
	bodies[0].vx = -px / solarMass
	bodies[0].vy = -py / solarMass
	bodies[0].vz = -pz / solarMass
}

func energy(bodies []Body) float64 {
	e := 0.0
	for i, b := range bodies {
		e += 0.5 * b.mass * (b.vx*b.vx + b.vy*b.vy + b.vz*b.vz)
		for j := i + 1; j < len(bodies); j++ {
			c := &bodies[j]
			dx := b.x - c.x
			dy := b.y - c.y
			dz := b.z - c.z
			e -= b.mass * c.mass / math.Sqrt(dx*dx+dy*dy+dz*dz)
		}
	}
	return e
}

func run(bodies []Body, steps int, dt float64) {
	for s := 0; s < steps; s++ {
		for i := range bodies {
			a := &bodies[i]
			for j := i + 1; j < len(bodies); j++ {
				b := &bodies[j]
				dx := a.x - b.x
				dy := a.y - b.y
				dz := a.z - b.z
				d2 := dx*dx + dy*dy + dz*dz
				mag := dt / (d2 * math.Sqrt(d2))
				ma := a.mass * mag
				mb := b.mass * mag
				a.vx -= dx * mb
				a.vy -= dy * mb
				a.vz -= dz * mb
				b.vx += dx * ma
				b.vy += dy * ma
				b.vz += dz * ma
			}
		}
		for i := range bodies {
			b := &bodies[i]
			b.x += dt * b.vx
			b.y += dt * b.vy
			b.z += dt * b.vz
		}
	}
}

func main() {
	n := arg(1, 100000)
	bodies := solarSystem()
	offsetMomentum(bodies)
	before := energy(bodies)
	run(bodies, n, 0.01)
	fmt.Printf("%.9f %.9f\n", before, energy(bodies))
}
