// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/virtio_access.h"

#include "catch.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <vector>

namespace virtio_access_test {

using namespace sluice::ethdev;

namespace {

using Config = std::array<uint8_t, 256>;

constexpr uint8_t kVendor = 0x09;
constexpr uint8_t kMsix = 0x11;

void put(Config& config, size_t at, std::initializer_list<uint8_t> bytes) {
    std::copy(bytes.begin(), bytes.end(), config.begin() + static_cast<ptrdiff_t>(at));
}

}  // namespace

TEST_CASE("virtio access: a device of 1.0 says where its common configuration is", "[ethdev]") {
    Config config{};
    config[0x34] = 0x98;
    put(config, 0x98, {kMsix, 0x84, 0x03, 0x80});
    put(config, 0x84, {kVendor, 0x70, 0x14, 5});  // another structure
    put(config, 0x70, {kVendor, 0x40, 0x10, 1, 4, 0, 0, 0, 0x00, 0x30, 0x01, 0x00});
    CHECK(find_virtio(config) == VirtioPlace{4, 0x13000});
}

TEST_CASE("virtio access: a legacy device has none", "[ethdev]") {
    Config config{};
    CHECK_FALSE(find_virtio(config));
    config[0x34] = 0x40;
    put(config, 0x40, {kMsix, 0, 0x03, 0});
    CHECK_FALSE(find_virtio(config));
}

TEST_CASE("virtio access: a list that runs in a circle or beyond the end has an end", "[ethdev]") {
    Config config{};
    config[0x34] = 0x40;
    put(config, 0x40, {kMsix, 0x40});
    CHECK_FALSE(find_virtio(config));
    put(config, 0x40, {kMsix, 0xfc});
    put(config, 0xfc, {kVendor, 0, 0x10, 1});
    CHECK_FALSE(find_virtio(config));
}

TEST_CASE("virtio access: what is no PCI device is unknown", "[ethdev]") {
    CHECK(virtio_access("ffff:00:00.0") == VirtioAccess::Unknown);
}

TEST_CASE("virtio access: what goes past the IOMMU is refused with what mends it", "[ethdev]") {
    using Words = std::vector<std::string>;
    PortPlan port;
    port.flag = "lan";
    port.name.text = "pci:0000:00:03.0";
    const Words none;
    CHECK(check_virtio(port, VirtioAccess::Unknown, none).ok());
    CHECK(check_virtio(port, VirtioAccess::Iommu, none).ok());
    for (const VirtioAccess access : {VirtioAccess::Physical, VirtioAccess::Legacy}) {
        const auto status = check_virtio(port, access, none);
        REQUIRE_FALSE(status.ok());
        CHECK(status.error().message.starts_with("--lan pci:0000:00:03.0: it is a virtio device"));
        CHECK(status.error().message.find("iommu_platform=on") != std::string::npos);
    }
    for (const Words& physical : {Words{"--iova-mode=pa"}, Words{"-v", "--iova-mode", "pa"}}) {
        CHECK(check_virtio(port, VirtioAccess::Physical, physical).ok());
        CHECK_FALSE(check_virtio(port, VirtioAccess::Legacy, physical).ok());
    }
    CHECK_FALSE(check_virtio(port, VirtioAccess::Physical, Words{"--iova-mode=va"}).ok());
    CHECK_FALSE(check_virtio(port, VirtioAccess::Physical, Words{"--iova-mode"}).ok());
}

}  // namespace virtio_access_test
