// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What can fail at start-up and in the control core: a value, or one sentence that says why not.
/// The data path has no errors, only verdicts (stats/drop.h).

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace sluice {

/// One sentence for the operator: what was asked for, why it cannot be had, what to do.
struct Error {
    std::string message;
};

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return content_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & { return *checked(); }
    const T& value() const& { return *const_cast<Result*>(this)->checked(); }
    T&& value() && { return std::move(*checked()); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return checked(); }

    const Error& error() const {
        assert(!ok());
        return *std::get_if<1>(&content_);
    }

private:
    T* checked() {
        assert(ok());
        return std::get_if<0>(&content_);
    }

    std::variant<T, Error> content_;
};

/// A step that yields nothing but may fail: `Done{}` is success.
struct Done {};
using Status = Result<Done>;

}  // namespace sluice
