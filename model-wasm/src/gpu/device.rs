//! Opening the graphics processor, and noticing when it goes away.

use std::sync::{Arc, Mutex, PoisonError};

use super::error::GpuError;
use crate::kernels::matmul::Form;

/// Storage buffers in one shader stage: the kernels are written for WebGPU's default.
const STORAGE_BUFFERS: u32 = 8;
/// Bytes of workgroup memory, WebGPU's default.
const WORKGROUP_BYTES: u32 = 16 << 10;
/// Invocations of a workgroup, WebGPU's default.
const INVOCATIONS: u32 = 256;

/// Invocations of a subgroup that the kernels for subgroups need at least.
const SUBGROUP: u32 = 8;

/// An open graphics processor.
pub struct Gpu {
    /// The logical device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// What it says of itself.
    pub info: wgpu::AdapterInfo,
    /// Which it is.
    pub identity: Identity,
    /// The optional forms of kernels that it has what they need for. Whether they compute rightly, and faster, is another matter.
    pub offers: Vec<Form>,
    lost: Arc<Mutex<Option<String>>>,
}

/// A graphics processor that was found and is not opened yet.
pub struct Found {
    adapter: wgpu::Adapter,
    identity: Identity,
    language: wgpu::WgslLanguageFeatures,
}

/// What tells one graphics processor, with its driver, from another, as far as the system says: all that is said of it, and every limit and
/// feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    text: String,
    /// Limits and features: what tells two devices apart whose names a browser withholds, for privacy.
    abilities: String,
}

impl Identity {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let wgpu::AdapterInfo { name, vendor, device, device_type, driver, driver_info, backend, .. } = &info;
        let text = format!("{name}|{vendor:04x}:{device:04x}|{device_type:?}|{backend:?}|{driver}|{driver_info}");
        Self { text, abilities: format!("{:?} {:?}", adapter.limits(), adapter.features()) }
    }

    /// As text, to be compared with that of an earlier visit.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Found {
    /// Which it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The optional features that some forms of kernels use, as far as the adapter has them, and these forms.
    fn optional(&self) -> (wgpu::Features, Vec<Form>) {
        let has = |form: &Form| match form {
            Form::Plain => true,
            Form::Half => self.adapter.features().contains(wgpu::Features::SHADER_F16),
            Form::Dot4 => self.language.contains(wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct),
            Form::Subgroup => {
                self.adapter.features().contains(wgpu::Features::SUBGROUP)
                    && self.adapter.get_info().subgroup_min_size >= SUBGROUP
            }
        };
        let offers = Form::OPTIONAL.into_iter().filter(has).collect();
        (self.adapter.features() & (wgpu::Features::SHADER_F16 | wgpu::Features::SUBGROUP), offers)
    }

    /// Opens it within WebGPU's default limits (larger bindings where it has them). Optional features are taken where there are any, and
    /// no kernel depends on them.
    pub async fn open(self) -> Result<Gpu, GpuError> {
        let (features, offers) = self.optional();
        let Self { adapter, identity, .. } = self;
        let found = adapter.limits();
        for (limit, found, needed) in [
            ("maxStorageBuffersPerShaderStage", found.max_storage_buffers_per_shader_stage, STORAGE_BUFFERS),
            ("maxComputeWorkgroupStorageSize", found.max_compute_workgroup_storage_size, WORKGROUP_BYTES),
            ("maxComputeInvocationsPerWorkgroup", found.max_compute_invocations_per_workgroup, INVOCATIONS),
        ] {
            if found < needed {
                return Err(GpuError::Limit { limit, found: found.into(), needed: needed.into() });
            }
        }
        let limits = wgpu::Limits {
            // Larger tensors than the default 128 MiB are bound whole where the adapter can.
            max_storage_buffer_binding_size: found.max_storage_buffer_binding_size,
            max_buffer_size: found.max_buffer_size,
            ..wgpu::Limits::default()
        };
        // The defaults of parts the kernels never use (textures, vertices) may be more than a compute-only adapter has.
        let limits = limits.or_worse_values_from(&found);
        let info = adapter.get_info();
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("mambaformer"),
            required_features: features,
            required_limits: limits,
            memory_hints: wgpu::MemoryHints::Performance,
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| GpuError::NoDevice { adapter: info.name.clone(), reason: error.to_string() })?;
        let lost = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| {
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{reason:?}: {message}"));
        });
        // Errors are looked for in scopes; what is left over is noted as a loss instead of a panic of the library.
        let noted = Arc::clone(&lost);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            noted.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        }));
        Ok(Gpu { device, queue, info, identity, offers, lost })
    }
}

impl Gpu {
    /// Finds the preferred graphics processor.
    pub async fn find() -> Result<Found, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter =
            instance.request_adapter(&options).await.map_err(|error| GpuError::NoAdapter(error.to_string()))?;
        let language = instance.wgsl_language_features();
        Ok(Found { identity: Identity::of(&adapter), adapter, language })
    }

    /// Finds and opens it.
    pub async fn open() -> Result<Self, GpuError> {
        Self::find().await?.open().await
    }

    /// The reason if the device is gone (or has refused a command outside any scope).
    pub fn check(&self) -> Result<(), GpuError> {
        match &*self.lost.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(GpuError::Lost(reason.clone())),
            None => Ok(()),
        }
    }

    /// The largest storage binding in bytes.
    #[must_use]
    pub fn largest_binding(&self) -> u64 {
        self.device.limits().max_storage_buffer_binding_size
    }

    /// Runs `make` and turns a validation error or a lack of memory into a [`GpuError`].
    pub async fn guarded<T>(&self, what: &str, bytes: u64, make: impl FnOnce() -> T) -> Result<T, GpuError> {
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let made = make();
        let memory = memory.pop().await;
        let validation = validation.pop().await;
        // What a lost device refuses is no fault of the command; outside a browser the loss is told only to who asks.
        #[cfg(not(target_arch = "wasm32"))]
        self.device.poll(wgpu::PollType::Poll).map_err(|error| GpuError::Lost(error.to_string()))?;
        self.check()?;
        if memory.is_some() {
            return Err(GpuError::OutOfMemory { what: what.to_owned(), bytes });
        }
        match validation {
            Some(error) => Err(GpuError::Refused { what: what.to_owned(), reason: error.to_string() }),
            None => Ok(made),
        }
    }

    /// A storage buffer of at least `bytes` bytes; its content is zero.
    #[must_use]
    pub fn storage(&self, label: &str, bytes: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes.max(16).next_multiple_of(16),
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_DST
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::INDIRECT,
            mapped_at_creation: false,
        })
    }

    /// A storage buffer with content.
    #[must_use]
    pub fn upload<T: bytemuck::NoUninit>(&self, label: &str, values: &[T]) -> wgpu::Buffer {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let buffer = self.storage(label, bytes.len() as u64);
        if !bytes.is_empty() {
            self.queue.write_buffer(&buffer, 0, bytes);
        }
        buffer
    }

    /// Copies the first `bytes` bytes of `source` (a multiple of 4) here.
    pub async fn read(&self, source: &wgpu::Buffer, bytes: u64) -> Result<Vec<u8>, GpuError> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let staging = self.staging(bytes);
        encoder.copy_buffer_to_buffer(source, 0, &staging, 0, bytes);
        self.queue.submit([encoder.finish()]);
        let copy = self.mapped(&staging).await?;
        staging.destroy();
        Ok(copy)
    }

    /// Waits until everything submitted has run.
    pub async fn finished(&self) -> Result<(), GpuError> {
        let (send, receive) = futures_channel::oneshot::channel();
        self.queue.on_submitted_work_done(move || {
            // The receiver is gone only if the answer was given up.
            let _ = send.send(());
        });
        #[cfg(not(target_arch = "wasm32"))]
        self.device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| GpuError::Lost(error.to_string()))?;
        // A dropped sender means that the device is gone, which the check says.
        let _ = receive.await;
        self.check()
    }

    /// A buffer that [`Self::mapped`] can read.
    #[must_use]
    pub fn staging(&self, bytes: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// Waits for the queue and takes the bytes of a staging buffer out; the buffer can be used again.
    pub async fn mapped(&self, staging: &wgpu::Buffer) -> Result<Vec<u8>, GpuError> {
        let (send, receive) = futures_channel::oneshot::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only if the answer was given up.
            let _ = send.send(result);
        });
        #[cfg(not(target_arch = "wasm32"))]
        self.device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| GpuError::Lost(error.to_string()))?;
        let result = receive.await;
        self.check()?;
        match result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(GpuError::Lost(error.to_string())),
            Err(_) => return Err(GpuError::Lost("the readback was dropped".to_owned())),
        }
        let view = staging
            .get_mapped_range(..)
            .map_err(|error| GpuError::Refused { what: "a readback".to_owned(), reason: error.to_string() })?;
        let bytes = view.to_vec();
        drop(view);
        staging.unmap();
        Ok(bytes)
    }
}
