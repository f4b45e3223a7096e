package publish

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// withParameters points Systems Manager at the stand-in as well.
func withParameters(a *lambdatest.AWS) func(*Config) {
	return func(c *Config) { c.Endpoints.SSM = a.URL() }
}

func TestParameterIsWrittenReadAndDeleted(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a, withParameters(a))
	const other = "us-east-1"
	if _, found, err := p.Parameters.Get(t.Context(), other, "/layers/deps"); found || err != nil {
		t.Fatalf("before: found %t, error %v", found, err)
	}
	w := Parameter{Name: "/layers/deps", Value: "one", Description: "current", Tier: "Advanced"}
	if err := p.Parameters.Put(t.Context(), other, w, false); err != nil {
		t.Fatal(err)
	}
	want := lambdatest.Parameter{Value: "one", Description: "current", Type: "String", Tier: "Advanced", Version: 1}
	if got, _ := a.Parameter(other, w.Name); got != want {
		t.Errorf("AWS has %+v, want %+v", got, want)
	}
	if _, found := a.Parameter(home, w.Name); found {
		t.Errorf("%s has the parameter as well", home)
	}
	w.Value, w.Description, w.Tier = "two", "", ""
	err := p.Parameters.Put(t.Context(), other, w, false)
	if exists, ok := errors.AsType[*ParameterExistsError](err); !ok || *exists != (ParameterExistsError{Name: "/layers/deps", Region: other}) {
		t.Errorf("writing over it: %v, want a ParameterExistsError", err)
	}
	if err := p.Parameters.Put(t.Context(), other, w, true); err != nil {
		t.Fatal(err)
	}
	want = lambdatest.Parameter{Value: "two", Type: "String", Tier: "Advanced", Version: 2}
	if got, _ := a.Parameter(other, w.Name); got != want {
		t.Errorf("AWS has %+v, want %+v", got, want)
	}
	if value, found, err := p.Parameters.Get(t.Context(), other, w.Name); value != "two" || !found || err != nil {
		t.Errorf("got %q, %t, %v", value, found, err)
	}
	if err := p.Parameters.Delete(t.Context(), other, w.Name); err != nil {
		t.Fatal(err)
	}
	if _, found := a.Parameter(other, w.Name); !found {
		t.Error("the one who wrote the parameter deleted it")
	}
	next := against(t, a, withParameters(a))
	for range 2 { // the second time it is gone already
		if err := next.Parameters.Delete(t.Context(), other, w.Name); err != nil {
			t.Fatal(err)
		}
	}
	if got, found := a.Parameter(other, w.Name); found {
		t.Errorf("AWS still has %+v", got)
	}
}

func TestParameterFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault lambdatest.Fault
		want  string // "" for success
	}{
		"denied":    {lambdatest.Fault{Operation: "PutParameter", Status: http.StatusBadRequest, ErrorType: "AccessDeniedException", Message: "no"}, "ssm:PutParameter"},
		"throttled": {lambdatest.Fault{Operation: "PutParameter", Status: http.StatusBadRequest, ErrorType: "ThrottlingException", Message: "Rate exceeded", Times: 2}, ""},
		"broken":    {lambdatest.Fault{Operation: "PutParameter", Status: http.StatusInternalServerError, ErrorType: "InternalServerError"}, ""},
		"cut":       {lambdatest.Fault{Operation: "PutParameter", Close: true}, ""},
		// The call that was carried out is the one that the retry meets.
		"lost": {lambdatest.Fault{Operation: "PutParameter", At: lambdatest.AfterProcessing, Close: true}, "there already"},
		"full": {lambdatest.Fault{Operation: "PutParameter", Status: http.StatusBadRequest, ErrorType: "ParameterLimitExceeded", Message: "too many parameters"}, "too many parameters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			p := against(t, a, withParameters(a))
			a.Inject(c.fault)
			err := p.Parameters.Put(t.Context(), home, Parameter{Name: "deps", Value: "x"}, false)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestParametersKeepTheirOwnPace leaves Lambda's requests alone, and writes more
// slowly than it reads.
func TestParametersKeepTheirOwnPace(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a, withParameters(a))
	for range 6 {
		if err := p.Parameters.Put(t.Context(), home, Parameter{Name: "deps", Value: "x"}, true); err != nil {
			t.Fatal(err)
		}
	}
	puts := a.Calls("PutParameter")
	if took := puts[5].At.Sub(puts[0].At).Seconds(); took < 1 || took > 5 {
		t.Errorf("6 writes took %.1f s, want between 1 and 5", took)
	}
	for range 10 {
		if _, _, err := p.Parameters.Get(t.Context(), home, "deps"); err != nil {
			t.Fatal(err)
		}
	}
	gets := a.Calls("GetParameter")
	if took := gets[9].At.Sub(gets[0].At).Seconds(); took > 2 {
		t.Errorf("10 reads took %.1f s, want less than 2", took)
	}
}

func TestCheckParameterName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"deps":                           "",
		"/layers/deps.v1_x-y":            "",
		"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o": "",
		"":                               "empty name",
		"arn:aws:ssm:x":                  "not an ARN",
		"layers/deps":                    `as in "/layers/deps"`,
		"aws.deps":                       "keeps names",
		"/SSM/deps":                      "keeps names",
		"/layers/":                       "empty level",
		"//layers":                       "empty level",
		"a b":                            "not ' '",
		strings.Repeat("a", 1012):        "1012 characters",
		strings.Repeat("/a", 16):         "16 levels",
	} {
		err := CheckParameterName(name)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("CheckParameterName(%.30q) = %v, want %q", name, err, want)
		}
	}
}

func TestRegionIsThatOfTheSettings(t *testing.T) {
	t.Parallel()
	p := against(t, lambdatest.New(t))
	for asked, want := range map[string]string{"": home, "us-east-1": "us-east-1"} {
		if got, err := p.Region(t.Context(), asked); got != want || err != nil {
			t.Errorf("Region(%q) = %q, %v, want %q", asked, got, err, want)
		}
	}
	if _, err := p.Region(t.Context(), "us-esat-1"); err == nil {
		t.Error("a region that AWS does not have was accepted")
	}
}
