/* The sweep as one writes it in C by hand: bar by bar, set by set, the same rules and the same integer money. */

#include <math.h>
#include <stdint.h>

static int64_t whole_lots(double quantity, double lots_of_one) {
    double steps = quantity * lots_of_one;
    double nearest = rint(steps);
    if (fabs(steps - nearest) <= 1e-6 + steps * 0x1p-51)
        return (int64_t)nearest;
    return (int64_t)floor(steps);
}

void sweep(int64_t bars, const double *close, const double *vel_div, const uint8_t *may, int64_t sets,
           const double *threshold, const double *take_profit, const int64_t *hold, double stop, double fraction,
           double lots_of_one, double ticks_of_one, int64_t fee_above, int64_t fee_below, int64_t opening,
           int64_t *trades, int64_t *capital) {
    for (int64_t s = 0; s < sets; s++) {
        int64_t cash = opening, count = 0, lots = 0, cost = 0, fees = 0, entered = 0;
        double entry = 0.0, limit = threshold[s], profit = take_profit[s];
        int64_t longest = hold[s];
        for (int64_t i = 0; i < bars; i++) {
            if (lots == 0) {
                if (may[i] && vel_div[i] > limit) {
                    double price = close[i];
                    int64_t wanted = whole_lots((double)cash / 1e8 * fraction / price, lots_of_one);
                    if (wanted >= 1) {
                        int64_t ticks = (int64_t)rint(price * ticks_of_one);
                        lots = wanted;
                        cost = ticks * lots;
                        fees = (cost * fee_above + fee_below - 1) / fee_below;
                        entry = (double)ticks / ticks_of_one;
                        entered = i;
                    }
                }
                continue;
            }
            double move = close[i] / entry - 1.0;
            if (move <= -stop || move >= profit || i - entered >= longest) {
                int64_t proceeds = (int64_t)rint(close[i] * ticks_of_one) * lots;
                fees += (proceeds * fee_above + fee_below - 1) / fee_below;
                cash += proceeds - cost - fees;
                lots = 0;
                count++;
            }
        }
        trades[s] = count;
        capital[s] = cash;
    }
}
