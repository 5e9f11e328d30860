// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Streams: answers without an end, which tell what happens from now on.
///
/// Threads  Any, several at once; each stream keeps the thread that answers.
/// Errors   A request that cannot be met is answered with its HTTP status and one sentence.

#include "command/live.h"
#include "command/question.h"
#include "command/sending.h"
#include "command/subject.h"
#include "command/tally.h"
#include "listing/event_stream.h"
#include "listing/packet_stream.h"

#include <httplib.h>
#include <memory>

namespace sluice::command {

class Streams {
public:
    struct Most {
        unsigned events = 2;
        unsigned web_lives = 8;  ///< To those who come by --http.
    };

    /// `subject` and `tally` outlive this.
    Streams(const Subject& subject, Tally& tally, const Most& most)
        : subject_(subject),
          tally_(tally),
          events_(most.events),
          live_(subject),
          web_lives_(most.web_lives) {}

    void events(const Question& question, httplib::Response& response);
    void capture(const Question& question, httplib::Response& response);
    void trace(const Question& question, httplib::Response& response);
    /// At the control socket it counts as a stream of events.
    void live(const Question& question, httplib::Response& response);

private:
    struct Events;

    static std::shared_ptr<Sending> begin(Quota& quota);
    /// What work() says: whether the stream goes on. Out of memory it ends, which the client sees.
    template <typename Work>
    bool go_on(Work work) {
        bool goes_on = false;
        tally_.if_memory_allows([&] { goes_on = work(); });
        return goes_on;
    }
    bool send_events(Events& events, httplib::DataSink& sink);
    bool send_live(uint64_t& seen, httplib::DataSink& sink);
    void packets(const Question& question, const listing::PacketStreamParams& asked,
                 httplib::Response& response);

    const Subject& subject_;
    Tally& tally_;
    Quota events_;
    Live live_;
    Quota web_lives_;
};

}  // namespace sluice::command
