//! Weight matrices on the GPU: f32, or int8 and int4 in blocks of 32 with f16 scales kept apart (docs/FORMAT.md).

use half::f16;
use mambaformer_model::manifest::Storage;
use mambaformer_model::weights::Matrix;

use crate::gpu::{Gpu, GpuError};

/// How a matrix's values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Plain values.
    F32,
    /// int8 blocks.
    Q8,
    /// 4-bit blocks.
    Q4,
}

impl Format {
    /// The format of a matrix.
    #[must_use]
    pub fn of(matrix: &Matrix) -> Self {
        match matrix {
            Matrix::F32 { .. } => Self::F32,
            Matrix::Q8 { .. } => Self::Q8,
            Matrix::Q4 { .. } => Self::Q4,
        }
    }

    /// The format's name in a manifest.
    #[must_use]
    pub fn storage(self) -> Storage {
        match self {
            Self::F32 => Storage::F32,
            Self::Q8 => Storage::Q8,
            Self::Q4 => Storage::Q4,
        }
    }

    /// Bytes of so many values with their scales.
    #[must_use]
    pub fn bytes(self, values: usize) -> usize {
        match self {
            Self::F32 => 4 * values,
            Self::Q8 => values + values / 16,
            Self::Q4 => values / 2 + values / 16,
        }
    }

    /// The shader text that reads it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::F32 => include_str!("../../../shaders/weights_f32.wgsl"),
            Self::Q8 => include_str!("../../../shaders/weights_q8.wgsl"),
            Self::Q4 => include_str!("../../../shaders/weights_q4.wgsl"),
        }
    }

    /// The shader text that takes it as packed bytes; none for f32, which is not packed.
    #[must_use]
    pub fn packed_text(self) -> &'static str {
        match self {
            Self::F32 => "",
            Self::Q8 => include_str!("../../../shaders/packed_q8.wgsl"),
            Self::Q4 => include_str!("../../../shaders/packed_q4.wgsl"),
        }
    }

    /// Columns come in multiples of this.
    #[must_use]
    pub fn columns(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Q8 | Self::Q4 => 32,
        }
    }
}

/// Words and scales as the shaders read them.
#[must_use]
pub fn stored(matrix: &Matrix) -> (Vec<u32>, Vec<u32>) {
    match matrix {
        Matrix::F32 { values, .. } => (super::case::words(values), vec![0]),
        Matrix::Q8 { words, scales, .. } | Matrix::Q4 { words, scales, .. } => (words.clone(), pairs(scales)),
    }
}

/// A made-up matrix for a case: its words and scales as they are uploaded, and the values they stand for.
#[must_use]
pub fn made_up(format: Format, rows: usize, columns: usize) -> Option<(Vec<u32>, Vec<u32>, Vec<f32>)> {
    let matrix = Matrix::pack(format.storage(), rows, columns, &super::case::noise(1, rows * columns)).ok()?;
    let (words, scales) = stored(&matrix);
    Some((words, scales, matrix.into_f32().ok()?))
}

/// Two f16 a word, the first in the low half.
fn pairs(scales: &[f16]) -> Vec<u32> {
    scales
        .chunks(2)
        .map(|pair| {
            let high = pair.get(1).copied().unwrap_or(f16::ZERO);
            u32::from(pair[0].to_bits()) | u32::from(high.to_bits()) << 16
        })
        .collect()
}

/// A weight matrix in GPU memory.
pub struct WeightBuffer {
    /// How it is kept.
    pub format: Format,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// Values or words.
    pub words: wgpu::Buffer,
    /// Scales; a placeholder for f32.
    pub scales: wgpu::Buffer,
}

/// Rows and columns of a matrix.
#[must_use]
pub fn shape(matrix: &Matrix) -> (usize, usize) {
    match matrix {
        Matrix::F32 { rows, columns, .. } | Matrix::Q8 { rows, columns, .. } | Matrix::Q4 { rows, columns, .. } => {
            (*rows, *columns)
        }
    }
}

impl WeightBuffer {
    /// Uploads a matrix.
    pub fn new(gpu: &Gpu, name: &str, matrix: &Matrix) -> Result<Self, GpuError> {
        let (rows, columns) = shape(matrix);
        let (words, scales) = stored(matrix);
        let bytes = 4 * words.len() as u64;
        if bytes > gpu.largest_binding() {
            return Err(GpuError::TooLarge { name: name.to_owned(), bytes, limit: gpu.largest_binding() });
        }
        let format = Format::of(matrix);
        if !columns.is_multiple_of(format.columns()) {
            return Err(GpuError::Shape { what: "the width of a weight", found: columns, needed: "a multiple of 4" });
        }
        Ok(Self { format, rows, columns, words: gpu.upload(name, &words), scales: gpu.upload(name, &scales) })
    }

    /// GPU memory in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.words.size() + self.scales.size()
    }
}
