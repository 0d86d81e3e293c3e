// Selective scan and causal depthwise convolution over packed sequences, forward and backward, f32.
//
//   delta = softplus(raw + bias);  h_t = exp(delta_t A) h_{t-1} + delta_t B_t x_t;  y_t = C_t . h_t + D x_t
//
// Sequences lie one after the other in [T, D] arrays; offsets [S + 1] say where each begins, so no work goes to padding.
// The states of one channel (16 or 8) are one vector; a thread owns a channel block, hence needs no atomics except for
// B and C, whose gradients are summed over channels in a buffer per thread. The backward pass recomputes the states.
#include <torch/extension.h>
#include <ATen/Parallel.h>
#include <cmath>
#include <mutex>
#include <vector>

namespace {

constexpr int MAX_STATES = 16;

// exp on a vector of floats, about 1e-7 relative: 2^n * polynomial; arguments are clamped to [-87, 87].
inline float fast_exp(float x) {
  x = x < -87.0f ? -87.0f : (x > 87.0f ? 87.0f : x);
  const float n = std::nearbyintf(x * 1.44269504088896341f);
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float scale;
  __builtin_memcpy(&scale, &bits, 4);
  return p * scale;
}

inline float softplus(float v) { return v > 20.0f ? v : std::log1p(std::exp(v)); }

// One channel of one sequence, forward. `states` gets h_t for every t when it is not null.
template <int N>
float* run_states(int64_t begin, int64_t end, int64_t width, int64_t channel, const float* x, const float* delta, const float* a,
                  const float* b, float* decay, float* states, float* h) {
  for (int n = 0; n < N; ++n) h[n] = 0.0f;
  for (int64_t t = begin; t < end; ++t) {
    const float d = delta[t - begin];
    const float dx = d * x[t * width + channel];
    float* e = decay + (t - begin) * N;
    float* s = states + (t - begin) * N;
    const float* bt = b + t * N;
#pragma omp simd
    for (int n = 0; n < N; ++n) {
      e[n] = fast_exp(d * a[n]);
      h[n] = e[n] * h[n] + dx * bt[n];
      s[n] = h[n];
    }
  }
  return states;
}

template <int N>
void forward_all(int64_t sequences, int64_t width, const int64_t* offsets, const float* x, const float* raw, const float* bias,
                 const float* a_neg, const float* b, const float* c, const float* skip, float* y, float* last) {
  at::parallel_for(0, width, 16, [&](int64_t from, int64_t to) {
    for (int64_t s = 0; s < sequences; ++s) {
      const int64_t begin = offsets[s], end = offsets[s + 1];
      for (int64_t ch = from; ch < to; ++ch) {
        alignas(64) float h[N] = {0};
        alignas(64) float a[N];
        for (int n = 0; n < N; ++n) a[n] = a_neg[ch * N + n];
        for (int64_t t = begin; t < end; ++t) {
          const float d = softplus(raw[t * width + ch] + bias[ch]);
          const float xv = x[t * width + ch];
          const float dx = d * xv;
          const float* bt = b + t * N;
          const float* ct = c + t * N;
          float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
          for (int n = 0; n < N; ++n) {
            h[n] = fast_exp(d * a[n]) * h[n] + dx * bt[n];
            sum += h[n] * ct[n];
          }
          y[t * width + ch] = sum + skip[ch] * xv;
        }
        for (int n = 0; n < N; ++n) last[(s * width + ch) * N + n] = h[n];
      }
    }
  });
}

template <int N>
void backward_all(int64_t sequences, int64_t total, int64_t width, int64_t longest, const int64_t* offsets, const float* gy, const float* x,
                  const float* raw, const float* bias, const float* a_neg, const float* b, const float* c, const float* skip, float* gx,
                  float* graw, float* ga, float* gb, float* gc, float* gskip) {
  std::mutex lock;
  at::parallel_for(0, width, (width + at::get_num_threads() - 1) / at::get_num_threads(), [&](int64_t from, int64_t to) {
    std::vector<float> decay(longest * N), states(longest * N), delta(longest);
    std::vector<float> own_b(total * N, 0.0f), own_c(total * N, 0.0f);
    for (int64_t s = 0; s < sequences; ++s) {
      const int64_t begin = offsets[s], end = offsets[s + 1];
      for (int64_t ch = from; ch < to; ++ch) {
        alignas(64) float h[N];
        alignas(64) float a[N];
        alignas(64) float gh[N] = {0};
        alignas(64) float grad_a[N] = {0};
        for (int n = 0; n < N; ++n) a[n] = a_neg[ch * N + n];
        for (int64_t t = begin; t < end; ++t) delta[t - begin] = softplus(raw[t * width + ch] + bias[ch]);
        run_states<N>(begin, end, width, ch, x, delta.data(), a, b, decay.data(), states.data(), h);
        float grad_skip = 0.0f;
        static const float zero[MAX_STATES] = {0};
        for (int64_t t = end - 1; t >= begin; --t) {
          const int64_t i = t - begin;
          const float g = gy[t * width + ch], xv = x[t * width + ch], d = delta[i];
          const float* st = states.data() + i * N;
          const float* previous = i > 0 ? states.data() + (i - 1) * N : zero;
          const float* e = decay.data() + i * N;
          const float *bt = b + t * N, *ct = c + t * N;
          float* ob = own_b.data() + t * N;
          float* oc = own_c.data() + t * N;
          float gd = 0.0f, gdx = 0.0f;
          const float dx = d * xv;
#pragma omp simd reduction(+ : gd, gdx)
          for (int n = 0; n < N; ++n) {
            oc[n] += g * st[n];
            const float q = gh[n] + g * ct[n];   // dL/dh_t
            ob[n] += q * dx;
            gdx += q * bt[n];
            const float r = q * previous[n] * e[n];  // dL/d(delta A)
            gd += r * a[n];
            grad_a[n] += r * d;
            gh[n] = q * e[n];
          }
          gx[t * width + ch] = gdx * d + g * skip[ch];
          grad_skip += g * xv;
          // softplus'(v) = sigmoid(v) = 1 - exp(-softplus(v))
          graw[t * width + ch] = (gd + gdx * xv) * (1.0f - std::exp(-d));
        }
        for (int n = 0; n < N; ++n) ga[ch * N + n] += grad_a[n];
        gskip[ch] += grad_skip;
      }
    }
    std::lock_guard<std::mutex> guard(lock);
    for (int64_t i = 0; i < total * N; ++i) { gb[i] += own_b[i]; gc[i] += own_c[i]; }
  });
}

void check(const torch::Tensor& t, const char* name) {
  TORCH_CHECK(t.is_contiguous() && t.scalar_type() == torch::kFloat, name, " must be contiguous f32");
}

}  // namespace

// x, raw [T, D]; bias, skip [D]; a_neg [D, N]; b, c [T, N]; offsets [S + 1] -> y [T, D], last state [S, D, N]
std::vector<torch::Tensor> scan_forward(torch::Tensor x, torch::Tensor raw, torch::Tensor bias, torch::Tensor a_neg, torch::Tensor b,
                                        torch::Tensor c, torch::Tensor skip, torch::Tensor offsets) {
  check(x, "x"); check(raw, "dt"); check(b, "B"); check(c, "C"); check(a_neg, "A"); check(bias, "bias"); check(skip, "D");
  const int64_t sequences = offsets.numel() - 1, width = x.size(1), states = a_neg.size(1);
  auto y = torch::empty_like(x);
  auto last = torch::zeros({sequences, width, states}, x.options());
  auto call = [&](auto tag) {
    forward_all<decltype(tag)::value>(sequences, width, offsets.data_ptr<int64_t>(), x.data_ptr<float>(), raw.data_ptr<float>(), bias.data_ptr<float>(),
                                      a_neg.data_ptr<float>(), b.data_ptr<float>(), c.data_ptr<float>(), skip.data_ptr<float>(), y.data_ptr<float>(), last.data_ptr<float>());
  };
  if (states == 16) call(std::integral_constant<int, 16>{});
  else if (states == 8) call(std::integral_constant<int, 8>{});
  else TORCH_CHECK(false, "d_state is ", states, ", the scan is built for 8 and 16");
  return {y, last};
}

std::vector<torch::Tensor> scan_backward(torch::Tensor gy, torch::Tensor x, torch::Tensor raw, torch::Tensor bias, torch::Tensor a_neg,
                                         torch::Tensor b, torch::Tensor c, torch::Tensor skip, torch::Tensor offsets) {
  check(gy, "gradient");
  const int64_t sequences = offsets.numel() - 1, total = x.size(0), width = x.size(1), states = a_neg.size(1);
  const int64_t* o = offsets.data_ptr<int64_t>();
  int64_t longest = 0;
  for (int64_t s = 0; s < sequences; ++s) longest = std::max(longest, o[s + 1] - o[s]);
  auto gx = torch::empty_like(x), graw = torch::empty_like(x), ga = torch::zeros_like(a_neg), gb = torch::zeros_like(b), gc = torch::zeros_like(c), gskip = torch::zeros_like(skip);
  auto call = [&](auto tag) {
    backward_all<decltype(tag)::value>(sequences, total, width, longest, o, gy.data_ptr<float>(), x.data_ptr<float>(), raw.data_ptr<float>(), bias.data_ptr<float>(),
                                       a_neg.data_ptr<float>(), b.data_ptr<float>(), c.data_ptr<float>(), skip.data_ptr<float>(), gx.data_ptr<float>(), graw.data_ptr<float>(),
                                       ga.data_ptr<float>(), gb.data_ptr<float>(), gc.data_ptr<float>(), gskip.data_ptr<float>());
  };
  if (states == 16) call(std::integral_constant<int, 16>{});
  else if (states == 8) call(std::integral_constant<int, 8>{});
  else TORCH_CHECK(false, "d_state is ", states, ", the scan is built for 8 and 16");
  return {gx, graw, ga, gb, gc, gskip};
}

// Causal depthwise convolution: y[t] = sum_k weight[:, k] x[t - (W - 1) + k] + bias, zeros before each sequence; SiLU after it if asked.
torch::Tensor conv_forward(torch::Tensor x, torch::Tensor weight, torch::Tensor bias, torch::Tensor offsets, bool silu) {
  check(x, "x"); check(weight, "weight"); check(bias, "bias");
  const int64_t sequences = offsets.numel() - 1, width = x.size(1), taps = weight.size(0);
  auto y = torch::empty_like(x);
  const float *px = x.data_ptr<float>(), *w = weight.data_ptr<float>(), *pb = bias.data_ptr<float>();
  float* py = y.data_ptr<float>();
  const int64_t* o = offsets.data_ptr<int64_t>();
  at::parallel_for(0, sequences, 1, [&](int64_t from, int64_t to) {
    for (int64_t s = from; s < to; ++s)
      for (int64_t t = o[s]; t < o[s + 1]; ++t) {
        float* row = py + t * width;
        for (int64_t d = 0; d < width; ++d) row[d] = pb[d];
        for (int64_t k = 0; k < taps; ++k) {
          const int64_t source = t - (taps - 1) + k;
          if (source < o[s]) continue;
          const float *xr = px + source * width, *wk = w + k * width;
          for (int64_t d = 0; d < width; ++d) row[d] += wk[d] * xr[d];
        }
        if (silu)
          for (int64_t d = 0; d < width; ++d) row[d] = row[d] / (1.0f + fast_exp(-std::min(std::max(row[d], -80.0f), 80.0f)));
      }
  });
  return y;
}

// weight is [taps, D] here too. Returns gx, gweight [taps, D], gbias.
std::vector<torch::Tensor> conv_backward(torch::Tensor gy, torch::Tensor x, torch::Tensor weight, torch::Tensor bias, torch::Tensor offsets, bool silu) {
  check(gy, "gradient");
  const int64_t sequences = offsets.numel() - 1, width = x.size(1), taps = weight.size(0);
  auto gx = torch::zeros_like(x), gw = torch::zeros_like(weight), gb = torch::zeros_like(bias);
  const float *px = x.data_ptr<float>(), *w = weight.data_ptr<float>(), *pb = bias.data_ptr<float>(), *pg = gy.data_ptr<float>();
  float* pgx = gx.data_ptr<float>();
  const int64_t* o = offsets.data_ptr<int64_t>();
  std::mutex lock;
  at::parallel_for(0, sequences, (sequences + at::get_num_threads() - 1) / at::get_num_threads(), [&](int64_t from, int64_t to) {
    std::vector<float> own_w(taps * width, 0.0f), own_b(width, 0.0f), g(width), v(width);
    for (int64_t s = from; s < to; ++s)
      for (int64_t t = o[s]; t < o[s + 1]; ++t) {
        const float* gr = pg + t * width;
        if (silu) {
          for (int64_t d = 0; d < width; ++d) v[d] = pb[d];
          for (int64_t k = 0; k < taps; ++k) {
            const int64_t source = t - (taps - 1) + k;
            if (source < o[s]) continue;
            const float *xr = px + source * width, *wk = w + k * width;
            for (int64_t d = 0; d < width; ++d) v[d] += wk[d] * xr[d];
          }
          for (int64_t d = 0; d < width; ++d) {
            const float sg = 1.0f / (1.0f + fast_exp(-std::min(std::max(v[d], -80.0f), 80.0f)));
            g[d] = gr[d] * sg * (1.0f + v[d] * (1.0f - sg));
          }
        } else {
          for (int64_t d = 0; d < width; ++d) g[d] = gr[d];
        }
        for (int64_t d = 0; d < width; ++d) own_b[d] += g[d];
        for (int64_t k = 0; k < taps; ++k) {
          const int64_t source = t - (taps - 1) + k;
          if (source < o[s]) continue;
          const float *xr = px + source * width, *wk = w + k * width;
          float *gxr = pgx + source * width, *ow = own_w.data() + k * width;
          for (int64_t d = 0; d < width; ++d) { gxr[d] += wk[d] * g[d]; ow[d] += xr[d] * g[d]; }
        }
      }
    std::lock_guard<std::mutex> guard(lock);
    float *pw = gw.data_ptr<float>(), *pbias = gb.data_ptr<float>();
    for (int64_t i = 0; i < taps * width; ++i) pw[i] += own_w[i];
    for (int64_t d = 0; d < width; ++d) pbias[d] += own_b[d];
  });
  return {gx, gw, gb};
}

// y = x / sqrt(mean(x^2) + eps) * weight over rows of x [N, D]; also returns the reciprocal roots [N].
std::vector<torch::Tensor> norm_forward(torch::Tensor x, torch::Tensor weight, double eps) {
  check(x, "x"); check(weight, "weight");
  const int64_t rows = x.size(0), width = x.size(1);
  auto y = torch::empty_like(x), root = torch::empty({rows}, x.options());
  const float *px = x.data_ptr<float>(), *w = weight.data_ptr<float>();
  float *py = y.data_ptr<float>(), *pr = root.data_ptr<float>();
  at::parallel_for(0, rows, 64, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      const float* xr = px + i * width;
      float sum = 0.0f;
      for (int64_t d = 0; d < width; ++d) sum += xr[d] * xr[d];
      const float r = 1.0f / std::sqrt(sum / width + static_cast<float>(eps));
      pr[i] = r;
      for (int64_t d = 0; d < width; ++d) py[i * width + d] = xr[d] * r * w[d];
    }
  });
  return {y, root};
}

std::vector<torch::Tensor> norm_backward(torch::Tensor gy, torch::Tensor x, torch::Tensor weight, torch::Tensor root) {
  check(gy, "gradient");
  const int64_t rows = x.size(0), width = x.size(1);
  auto gx = torch::empty_like(x), gw = torch::zeros_like(weight);
  const float *pg = gy.data_ptr<float>(), *px = x.data_ptr<float>(), *w = weight.data_ptr<float>(), *pr = root.data_ptr<float>();
  float* pgx = gx.data_ptr<float>();
  std::mutex lock;
  at::parallel_for(0, rows, std::max<int64_t>(64, (rows + at::get_num_threads() - 1) / at::get_num_threads()), [&](int64_t from, int64_t to) {
    std::vector<float> own(width, 0.0f);
    for (int64_t i = from; i < to; ++i) {
      const float *g = pg + i * width, *xr = px + i * width;
      const float r = pr[i];
      float dot = 0.0f;
      for (int64_t d = 0; d < width; ++d) dot += g[d] * w[d] * xr[d];
      const float k = dot * r * r * r / width;
      for (int64_t d = 0; d < width; ++d) {
        pgx[i * width + d] = r * g[d] * w[d] - k * xr[d];
        own[d] += g[d] * xr[d] * r;
      }
    }
    std::lock_guard<std::mutex> guard(lock);
    for (int64_t d = 0; d < width; ++d) gw.data_ptr<float>()[d] += own[d];
  });
  return {gx, gw};
}

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("norm_forward", &norm_forward);
  m.def("norm_backward", &norm_backward);
  m.def("scan_forward", &scan_forward);
  m.def("scan_backward", &scan_backward);
  m.def("conv_forward", &conv_forward);
  m.def("conv_backward", &conv_backward);
}
