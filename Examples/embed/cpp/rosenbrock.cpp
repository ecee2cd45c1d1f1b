// Minimises Rosenbrock's valley with a rule that comes with Ravine, and holds handles as objects do.
#include <ravine.h>

#include <cstdio>
#include <stdexcept>
#include <utility>

namespace {

void require(int status) {
    if (status != RAVINE_OK) throw std::runtime_error(ravine_error());
}

class Rule {
  public:
    explicit Rule(const char *call) { require(ravine_rule_from_zoo(call, &handle)); }
    Rule(Rule &&other) noexcept : handle(std::exchange(other.handle, 0)) {}
    ~Rule() {
        if (handle) ravine_rule_free(handle);
    }
    ravine_rule get() const { return handle; }

  private:
    ravine_rule handle = 0;
};

double valley(void *, const double *x, double *gradient, int, int *) {
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    if (gradient) {
        gradient[0] = -2 * a - 400 * x[0] * b;
        gradient[1] = 200 * b;
    }
    return a * a + 100 * b * b;
}

} // namespace

int main() try {
    const Rule rule("Adam(lr = 0.02)");
    double x[] = {-1.2, 1};
    ravine_minimum minimum;
    require(ravine_minimize(rule.get(), x, 2, valley, nullptr, 5000, 1e-9, 0, &minimum));
    std::printf("f(%.4f, %.4f) = %.1e\n", x[0], x[1], minimum.loss);
    return minimum.loss < 1e-6 ? 0 : 1;
} catch (const std::exception &error) {
    std::fputs(error.what(), stderr);
    return 1;
}
