//! The packed products against the definition on the stored form, over odd shapes.

use proptest::prelude::*;

use super::*;
use crate::manifest::Storage;
use crate::nn::Rows;
use crate::weights::Matrix;

/// The product as the module's head defines it, from the stored words; one output at a time, nothing packed.
fn reference(matrix: &Matrix, x: &[f32], inputs: usize) -> Vec<f32> {
    let (integer, scales): (Box<dyn Fn(usize) -> i32>, &[f16]) = match matrix {
        Matrix::Q8 { words, scales, .. } => {
            (Box::new(|at| i32::from(words[at / 4].to_le_bytes()[at % 4].cast_signed())), scales)
        }
        Matrix::Q4 { words, scales, .. } => {
            (Box::new(|at| i32::from((words[at / 8] >> (at % 8 * 4)).to_le_bytes()[0] & 15) - 8), scales)
        }
        Matrix::F32 { .. } => panic!("not quantised"),
    };
    let across = inputs / BLOCK;
    let mut y = Vec::new();
    for row in x.chunks_exact(inputs) {
        for output in 0..scales.len() / across {
            let mut sum = 0.0f32;
            for (block, x) in row.chunks_exact(BLOCK).enumerate() {
                let largest = x.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
                let inverse = if largest > 0.0 { 63.0 / largest } else { 0.0 };
                let at = output * across + block;
                let products = x.iter().enumerate().map(|(k, value)| {
                    #[allow(clippy::cast_possible_truncation)] // at most 63
                    let x = (value * inverse).round_ties_even() as i32;
                    x * integer(at * BLOCK + k)
                });
                sum += products.sum::<i32>() as f32 * (scales[at].to_f32() * (largest / 63.0));
            }
            y.push(sum);
        }
    }
    y
}

fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    // A sum of uniform numbers, and now and then one far outside.
    (0..count).map(|at| (next() + next() + next()) * if at % 61 == 60 { 20.0 } else { 1.0 }).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn pack(matrix: &Matrix) -> QuantisedMatrix {
    match matrix {
        Matrix::Q8 { rows, columns, words, scales } => QuantisedMatrix::eight(*rows, *columns, words, scales),
        Matrix::Q4 { rows, columns, words, scales } => QuantisedMatrix::four(*rows, *columns, words, scales),
        Matrix::F32 { .. } => panic!("not quantised"),
    }
    .unwrap()
}

fn multiply(matrix: &Matrix, x: &[f32], inputs: usize) -> Vec<f32> {
    let packed = pack(matrix);
    let mut rows = Rows::new(x.to_vec(), inputs);
    let mut y = vec![f32::NAN; x.len() / inputs * packed.outputs()];
    packed.multiply(rows.blocks(), &mut y);
    y
}

/// Holds a product to the definition and to the bound of its rounding; returns its error relative to f32's product.
fn check(storage: Storage, rows: usize, inputs: usize, outputs: usize, seed: u64) -> f64 {
    let case = format!("{storage:?}, {rows} x {inputs} x {outputs}, seed {seed}");
    let weight = values(seed, outputs * inputs);
    let x = values(seed + 1, rows * inputs);
    let matrix = Matrix::pack(storage, outputs, inputs, &weight).unwrap();
    let found = multiply(&matrix, &x, inputs);
    assert_eq!(bits(&found), bits(&reference(&matrix, &x, inputs)), "{case}: the definition");

    let one_by_one: Vec<f32> = x.chunks_exact(inputs).flat_map(|row| multiply(&matrix, row, inputs)).collect();
    assert_eq!(bits(&found), bits(&one_by_one), "{case}: row by row");

    let packed = pack(&matrix);
    let stored = matrix.into_f32().unwrap();
    let mut unpacked = Vec::new();
    (0..outputs).for_each(|output| packed.append_row(output, &mut unpacked));
    assert_eq!(unpacked, stored, "{case}: rows");

    // Rounding moves a value of `x` by half a step at most, so the sum by half a step a weight: cancelling sums
    // included, which is where an error relative to the sum itself has no bound.
    for (row, y) in x.chunks_exact(inputs).zip(found.chunks_exact(outputs)) {
        for (w, y) in stored.chunks_exact(inputs).zip(y) {
            let (mut exact, mut limit) = (0.0f64, 0.0f64);
            for (x, w) in row.chunks_exact(BLOCK).zip(w.chunks_exact(BLOCK)) {
                let largest = x.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
                exact += x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum::<f64>();
                let weights = w.iter().map(|w| f64::from(w.abs())).sum::<f64>();
                limit += f64::from(largest) * weights * (0.5 / 63.0 + 1e-5);
            }
            let error = (f64::from(*y) - exact).abs();
            assert!(error <= limit, "{case}: {y} for {exact}, which is {error} away and may be {limit}");
        }
    }

    let exact: Vec<f32> = x
        .chunks_exact(inputs)
        .flat_map(|row| weight.chunks_exact(inputs).map(|w| row.iter().zip(w).map(|(x, w)| x * w).sum::<f32>()))
        .collect();
    crate::weights::quant::relative_rms_error(&exact, &found)
}

#[test]
fn odd_shapes() {
    for storage in [Storage::Q8, Storage::Q4] {
        for rows in [1, 2, 3, 4, 5, 31, 32, 33, 127, 128, 129, 257] {
            let error = check(storage, rows, 64, 40, 7);
            let limit = if storage == Storage::Q8 { 0.05 } else { 0.25 };
            assert!(error < limit, "{storage:?}, {rows} rows: relative error {error}");
        }
        for (inputs, outputs) in [(32, 1), (32, 7), (96, 8), (32, 9), (544, 31), (64, 33), (32, 257)] {
            check(storage, 5, inputs, outputs, 11);
        }
    }
}

/// The plain kernel and the one this machine chooses: the same bits, also where integers are extreme.
#[test]
#[cfg(target_arch = "x86_64")]
fn kernels_agree() {
    for (storage, value) in [(Storage::Q8, 1.0f32), (Storage::Q8, -1.0), (Storage::Q4, 1.0), (Storage::Q4, -1.0)] {
        let matrix = Matrix::pack(storage, 8, 64, &[value; 512]).unwrap();
        let packed = pack(&matrix);
        let mut x = Rows::new([vec![-3.0; 64], vec![3.0; 64], values(3, 64), vec![0.0; 64]].concat(), 64);
        let blocks = x.blocks();
        let rows: [Row<'_>; 4] = std::array::from_fn(|row| Row {
            words: &blocks.words[2 * row..][..2],
            scales: &blocks.scales[2 * row..][..2],
        });
        let panel = Panel { weights: &packed.weights, scales: &packed.scales, starts: &[] };
        let (plain, chosen) = match packed.format {
            Format::Eight => (portable::tile::<4, false>(panel, rows), tile::<4, false>(panel, rows)),
            Format::Four => (portable::tile::<4, true>(panel, rows), tile::<4, true>(panel, rows)),
        };
        assert_eq!(plain, chosen, "{storage:?}");
        assert!((plain[0][0] + 192.0 * value).abs() < 0.2, "{storage:?}: {}", plain[0][0]);
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    let matrix = Matrix::pack(Storage::Q8, 8, 64, &[1.0; 512]).unwrap();
    for bad in [f32::NAN, f32::INFINITY] {
        let mut x = vec![1.0; 128];
        x[70] = bad;
        let y = multiply(&matrix, &x, 64);
        assert!(y[..8].iter().all(|value| value.is_finite()) && y[8..].iter().all(|value| !value.is_finite()), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_shape(
        rows in 1usize..10, across in 1usize..5, outputs in 1usize..40, four in any::<bool>(), seed in 1u64..1_000_000,
    ) {
        check(if four { Storage::Q4 } else { Storage::Q8 }, rows, across * BLOCK, outputs, seed);
    }
}
