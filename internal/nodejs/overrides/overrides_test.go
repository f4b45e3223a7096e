package overrides

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// rulesOfTest are {"a": "1.0.0", "b@^2": {".": "2.1.0", "a": "3.0.0"}}.
func rulesOfTest(t *testing.T) *Rule {
	t.Helper()
	rules, err := Read([]manifest.Override{
		{Key: "a", Value: "1.0.0"},
		{Key: "b@^2", Value: "2.1.0", Below: []manifest.Override{{Key: "a", Value: "3.0.0"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// demanded returns the rule that a demand under a rule is under.
func demanded(t *testing.T, under *Rule, name, text string) *Rule {
	t.Helper()
	spec, err := manifest.ParseSpec(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return under.ForDemand(name, &spec)
}

// TestForDemand: the nearest rule of the name holds, unless no version is in both its
// key and the demand.
func TestForDemand(t *testing.T) {
	t.Parallel()
	rules := rulesOfTest(t)
	b := demanded(t, rules, "b", "2.0.x")
	for _, c := range []struct {
		under            *Rule
		name, text, want string
	}{
		{rules, "a", "^7.0.0", "1.0.0"},
		{rules, "b", "2.0.x", "2.1.0"},
		{rules, "b", "^3.0.0", "*"},
		{b, "a", "^7.0.0", "3.0.0"},
		{b, "c", "1.0.0", "2.1.0"},
	} {
		if got := demanded(t, c.under, c.name, c.text); got.Value != c.want {
			t.Errorf("%s@%s is under %q, want %q", c.name, c.text, got.Value, c.want)
		}
	}
	if got := rules.ForDemand("b", nil); got != b {
		t.Errorf("what is no range is under %q", got.Value)
	}
}

// TestCombine: the inner one of two rules holds, and of two beside each other the one
// around both, unless no version meets both.
func TestCombine(t *testing.T) {
	t.Parallel()
	rules := rulesOfTest(t)
	a, b := demanded(t, rules, "a", "1"), demanded(t, rules, "b", "2")
	inner := demanded(t, b, "a", "1")
	if got := Combine(nil, b); got != b {
		t.Error("the first rule does not hold")
	}
	if Combine(b, inner) != inner || Combine(inner, b) != inner {
		t.Error("the inner rule does not hold")
	}
	if !Excludes(a, b) || Combine(a, b) != a {
		t.Error("1.0.0 and 3.0.0 of a go together")
	}
	apart, err := Read([]manifest.Override{{Key: "x", Value: "1.0.0"}, {Key: "y", Value: "2.0.0"}})
	if err != nil {
		t.Fatal(err)
	}
	x, y := demanded(t, apart, "x", "1"), demanded(t, apart, "y", "1")
	if Excludes(x, y) || Combine(x, y) != apart {
		t.Error("rules of two names do not go together")
	}
}

func TestReadNamesTheKeyWithoutARange(t *testing.T) {
	t.Parallel()
	_, err := Read([]manifest.Override{{Key: "a@not a range", Value: "1.0.0"}})
	if err == nil || !strings.Contains(err.Error(), `"a@not a range"`) {
		t.Errorf("Read() = %v", err)
	}
	if rules, err := Read(nil); rules != nil || err != nil {
		t.Errorf("Read(nil) = %v, %v", rules, err)
	}
}
