// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Duty: whether this gateway forwards, where it is one of two.
///
/// Shape    The control core asks once a turn. One that stands by forwards nothing, asks for
///          nobody, answers nobody and lets no flow age: it is not its time that counts.
/// Threads  The control core's.

#include "base/clock.h"
#include "flow/flow_table.h"

namespace sluice::control {

class Duty {
public:
    /// Does what there is to do besides, as a member of the flow table; returns how much.
    virtual unsigned turn(Tick now, flow::Member& member) = 0;
    virtual bool is_active() const = 0;
    /// It has become active in the place of the other one, who need not be asked; not as one that
    /// has started alone. Asked once each time.
    virtual bool takes_over() = 0;
    /// The other one was active too until now, and has told others so: true once.
    virtual bool take_quarrel() = 0;

protected:
    ~Duty() = default;
};

}  // namespace sluice::control
