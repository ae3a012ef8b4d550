// SPDX-License-Identifier: Apache-2.0
//! NVIDIA's management library, where there is a driver. It is loaded at run time: without one, there are no sensors.

use super::sensors::{Card, Reading, Sensors, Throttle};
use nvml_wrapper::{
    enum_wrappers::device::{Clock, TemperatureSensor, TemperatureThreshold},
    error::NvmlError,
    Nvml as Library,
};
use std::{ffi::OsStr, sync::Arc};

/// What the driver installs. The name without a number is there only where somebody compiles against it.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// The library.
pub struct Nvml(Library);

impl Nvml {
    /// Loads it.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn load() -> Result<Arc<dyn Sensors>, String> {
        Library::builder()
            .lib_path(OsStr::new(LIBRARY))
            .init()
            .map(|library| Arc::new(Self(library)) as Arc<dyn Sensors>)
            .map_err(|error| match error {
                NvmlError::LibloadingError(_) => format!("{LIBRARY} is not installed"),
                error => error.to_string(),
            })
    }

    fn card(&self, index: u32) -> Result<Card, NvmlError> {
        let device = self.0.device_by_index(index)?;
        Ok(Card {
            index,
            uuid: device.uuid()?,
            model: device.name()?,
            memory: device.memory_info().map_or(0, |memory| memory.total),
        })
    }
}

impl Sensors for Nvml {
    fn driver(&self) -> Option<String> {
        self.0.sys_driver_version().ok()
    }

    fn cards(&self) -> Vec<Card> {
        let count = self.0.device_count().unwrap_or_default();
        (0..count).filter_map(|index| self.card(index).ok()).collect()
    }

    fn read(&self, uuid: &str) -> Option<Reading> {
        let device = self.0.device_by_uuid(uuid).ok()?;
        let memory = device.memory_info().ok();
        let reading = Reading {
            temperature: device.temperature(TemperatureSensor::Gpu).ok(),
            slowdown: device.temperature_threshold(TemperatureThreshold::Slowdown).ok(),
            power: device.power_usage().ok(),
            power_limit: device.enforced_power_limit().ok(),
            energy: device.total_energy_consumption().ok(),
            throttle: Throttle(
                device
                    .current_throttle_reasons()
                    .map_or(0, |reasons| reasons.bits()),
            ),
            memory_used: memory.as_ref().map(|memory| memory.used),
            memory: memory.as_ref().map(|memory| memory.total),
            clock: device.clock_info(Clock::SM).ok(),
            utilization: device.utilization_rates().ok().map(|rates| rates.gpu),
        };
        // A card that has fallen off the bus answers nothing at all.
        (reading.temperature.is_some() || reading.memory.is_some()).then_some(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nvml_wrapper::bitmasks::device::ThrottleReasons;

    #[test]
    fn the_reasons_are_the_librarys_bits() {
        let thermal = ThrottleReasons::SW_THERMAL_SLOWDOWN | ThrottleReasons::HW_THERMAL_SLOWDOWN;
        assert_eq!(Throttle::THERMAL.0, thermal.bits());
        assert_eq!(Throttle::BRAKE.0, ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN.bits());
        assert_eq!(Throttle::POWER_CAP.0, ThrottleReasons::SW_POWER_CAP.bits());
        // It may be no more than a change of clocks.
        for normal in [ThrottleReasons::GPU_IDLE, ThrottleReasons::HW_SLOWDOWN] {
            assert!(!Throttle(normal.bits()).is_thermal());
        }
    }

    #[test]
    fn cards_are_read_where_there_is_a_driver_and_missed_in_words_where_there_is_none() {
        match Nvml::load() {
            Err(reason) => {
                assert!(!reason.is_empty());
                eprintln!("no sensors were tried: {reason}");
            }
            Ok(sensors) => {
                assert!(sensors.driver().is_some());
                for card in sensors.cards() {
                    let reading = sensors.read(&card.uuid).unwrap();
                    assert!(card.memory > 0 && reading.memory == Some(card.memory), "{card:?}");
                    eprintln!("{card:?} {reading:?}");
                }
                assert_eq!(sensors.read("GPU-00000000-0000-0000-0000-000000000000"), None);
            }
        }
    }
}
