//! Divisors, primes and products of ints of any size.

use super::*;

pub(super) fn gcd(_: &mut dyn Engine, a: Integer, b: Integer) -> Fallible {
    if let (Integer::Small(a), Integer::Small(b)) = (&a, &b) {
        let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        return Ok(Value::int_from(IBig::from(a)));
    }
    Ok(Value::int_from(big_gcd(&a.to_big(), &b.to_big())))
}

fn big_gcd(a: &IBig, b: &IBig) -> IBig {
    use dashu_int::ops::Gcd;
    if a == &IBig::ZERO && b == &IBig::ZERO {
        return IBig::ZERO;
    }
    IBig::from(a.gcd(b))
}

pub(super) fn lcm(_: &mut dyn Engine, a: Integer, b: Integer) -> Fallible {
    let (a, b) = (a.to_big(), b.to_big());
    if a == IBig::ZERO || b == IBig::ZERO {
        return Ok(Value::Int(0));
    }
    let least = &a / big_gcd(&a, &b) * &b;
    Ok(Value::int_from(if least < IBig::ZERO { -least } else { least }))
}

pub(super) fn factorial(engine: &mut dyn Engine, n: Size) -> Fallible {
    if n.0 > 100_000_000 {
        return Err(faults::memory("factorial", format_args!("more than {} digits", n.0), "2 ** 32 bits"));
    }
    Ok(Value::int_from(product_of_range(engine, 1, n.0 as u64)?))
}

/// The product of `low..=high` by halves, so that factors of equal size meet.
fn product_of_range(engine: &mut dyn Engine, low: u64, high: u64) -> Fallible<IBig> {
    if high < low {
        return Ok(IBig::ONE);
    }
    if high - low < 16 {
        return Ok((low..=high).map(IBig::from).product());
    }
    engine.poll()?;
    let middle = low + (high - low) / 2;
    let left = product_of_range(engine, low, middle)?;
    Ok(left * product_of_range(engine, middle + 1, high)?)
}

pub(super) fn is_prime(engine: &mut dyn Engine, n: Integer) -> Fallible<bool> {
    match n {
        Integer::Small(n) => Ok(u64::try_from(n).is_ok_and(is_prime_u64)),
        Integer::Big(n) => is_prime_big(engine, n),
    }
}

/// The first twelve primes: as Miller-Rabin bases they decide every 64-bit number.
const SMALL_PRIMES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

fn is_prime_u64(n: u64) -> bool {
    if n < 2 {
        return false;
    }
    if let Some(p) = SMALL_PRIMES.iter().find(|p| n.is_multiple_of(**p)) {
        return n == *p;
    }
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    SMALL_PRIMES.iter().all(|base| {
        let mut x = power_modulo(*base, odd, n);
        if x == 1 || x == n - 1 {
            return true;
        }
        (1..twos).any(|_| {
            x = multiply_modulo(x, x, n);
            x == n - 1
        })
    })
}

fn multiply_modulo(a: u64, b: u64, n: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(n)) as u64
}

fn power_modulo(mut base: u64, mut exponent: u64, n: u64) -> u64 {
    let mut result = 1;
    base %= n;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply_modulo(result, base, n);
        }
        base = multiply_modulo(base, base, n);
        exponent >>= 1;
    }
    result
}

/// Miller-Rabin with the first 40 primes as bases: the chance of a wrong yes is below 4^-40.
fn is_prime_big(engine: &mut dyn Engine, n: &IBig) -> Fallible<bool> {
    if n < &IBig::ZERO || (n % IBig::from(2)) == IBig::ZERO {
        return Ok(false);
    }
    let last = n - IBig::ONE;
    let mut odd = last.clone();
    let mut twos = 0;
    while (&odd % IBig::from(2)) == IBig::ZERO {
        odd >>= 1;
        twos += 1;
    }
    for base in (2u64..180).filter(|base| is_prime_u64(*base)).take(40) {
        engine.poll()?;
        if !is_witness_passed(&IBig::from(base), &odd, twos, n, &last) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_witness_passed(base: &IBig, odd: &IBig, twos: usize, n: &IBig, last: &IBig) -> bool {
    let mut x = big_power_modulo(base, odd, n);
    if x == IBig::ONE || &x == last {
        return true;
    }
    (1..twos).any(|_| {
        x = (&x * &x) % n;
        &x == last
    })
}

fn big_power_modulo(base: &IBig, exponent: &IBig, n: &IBig) -> IBig {
    use dashu_int::ops::BitTest;
    let mut result = IBig::ONE;
    for bit in (0..exponent.bit_len()).rev() {
        result = (&result * &result) % n;
        if exponent.bit(bit) {
            result = (result * base) % n;
        }
    }
    result
}
