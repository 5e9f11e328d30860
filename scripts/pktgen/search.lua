-- SPDX-License-Identifier: BSD-3-Clause
--
-- The highest rate at which no more than a ratio of the packets is lost (RFC 2544, section 26.1, if
-- that ratio is 0), by halving. It knows no Pktgen: who calls it brings what makes a trial.
local search = {}

-- Of the trials so far: that of the highest rate that passed below all that failed, and that of the
-- lowest rate that failed. A rate that fails once has failed, whatever passed there or above; what
-- passed in a shorter time than `least` tells nothing.
local function bounds(trials, ratio, least)
    local high, low
    for _, trial in ipairs(trials) do
        if trial.loss > ratio and (not high or trial.rate < high.rate) then
            high = trial
        end
    end
    for _, trial in ipairs(trials) do
        local passed = trial.loss <= ratio and trial.seconds >= least and
                           (not high or trial.rate < high.rate)
        if passed and (not low or trial.rate > low.rate or
                       (trial.rate == low.rate and trial.seconds > low.seconds)) then
            low = trial
        end
    end
    return low, high
end

-- attempt(rate, seconds) returns a trial: its rate, seconds and loss (a ratio), and whatever else
-- is to be known of it. `trials` is what has been tried before, in the same circumstances, and gets
-- what is tried here: so a search for another ratio begins where this one ends.
--
-- params: rate, the highest (percent of the line's); precision, how near (likewise); seconds, of a
-- trial; confirm, seconds of the last one, or 0; iterations, how many trials at most.
--
-- Returns the trial that passed (nil if none did), the lowest that failed (nil if none did), how
-- many trials were made, and whether it came as near as it was to.
function search.highest(attempt, ratio, trials, params)
    local made, least = 0, 0
    while true do
        local low, high = bounds(trials, ratio, least)
        local below = low and low.rate or 0
        local rate, seconds
        if not low and not high then
            rate, seconds = params.rate, params.seconds
        elseif high and high.rate - below > params.precision then
            rate, seconds = (below + high.rate) / 2, params.seconds
        elseif low and low.seconds < params.confirm then
            rate, seconds = low.rate, params.confirm
        else
            return low, high, made, true
        end
        if made == params.iterations then
            return low, high, made, false
        end
        local trial = attempt(rate, math.max(seconds, least))
        trials[#trials + 1] = trial
        made = made + 1
        if low and rate == low.rate and trial.loss > ratio then
            least = params.confirm  -- short trials flatter: from here on all are long
        end
    end
end

return search
