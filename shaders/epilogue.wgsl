// What happens to a finished sum before it is stored; EPILOGUE is put in as a number.
const PLAIN: u32 = 0u;
const BIAS: u32 = 1u;
const BIAS_SILU: u32 = 2u;
const RESIDUAL: u32 = 3u;    // added to what y holds
const GATED_GELU: u32 = 4u;  // outputs come in groups of four: gelu(first two) * (last two); y has half as many columns
const EPILOGUE: u32 = {{epilogue}};

fn gelu(x: f32) -> f32 {
  // The tanh form (Hendrycks & Gimpel 2016), written as a logistic; clamped since exp overflows where the result is settled.
  let u = clamp(1.5957691216 * (x + 0.044715 * x * x * x), -80.0, 80.0);
  return x / (1.0 + exp(-u));
}

fn silu(x: f32) -> f32 {
  return x / (1.0 + exp(-clamp(x, -80.0, 80.0)));
}
