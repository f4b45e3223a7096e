package provider

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// must applies and fails the test where that fails.
func (h *history) must() {
	h.Helper()
	if err := h.core.apply(h.Context(), h.config); err != nil {
		h.Fatal(err)
	}
}

// mustFail applies and wants an error that says something.
func (h *history) mustFail(want string) {
	h.Helper()
	if err := h.core.apply(h.Context(), h.config); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "inconsistent") {
		h.Fatalf("the apply ends with %v, want an error with %q", err, want)
	}
}

// mustHave checks the numbers of the layer's versions in regions.
func (h *history) mustHave(want map[string][]int64) {
	h.Helper()
	if err := h.hasRegions(want)(nil); err != nil {
		h.Fatal(err)
	}
}

func (h *history) text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func (h *history) argument(name string, given map[string]tftypes.Value) {
	h.config[name] = object(h.core.kind().AttributeTypes[name], given)
}

// refused is a call that is not permitted, from now on.
func refused(operation, region string) lambdatest.Fault {
	return lambdatest.Fault{Operation: operation, Region: region, Times: -1, Status: http.StatusForbidden, ErrorType: "AccessDeniedException", Message: "not here"}
}

// TestUnreadRegion refreshes, plans, changes and drops where one further region
// cannot be read: its state stands, and the others go on.
func TestUnreadRegion(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"GetLayerVersion", "GetLayerVersionPolicy", "GetParameter"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, 1)
			h.config["regions"] = texts(second, third)
			h.argument("sharing", map[string]tftypes.Value{"account_ids": texts(teamA)})
			h.argument("ssm_parameter", map[string]tftypes.Value{"name": h.text("/a")})
			h.must()
			h.aws.Inject(refused(operation, second))
			if err := h.core.drift(t.Context(), h.config); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(h.core.warnings, func(s string) bool { return strings.HasPrefix(s, second+": ") }) {
				t.Errorf("the warnings are %q, want one of %s", h.core.warnings, second)
			}
			if operation == "GetParameter" { // without it nobody can tell whose parameter it is
				h.aws.Calm()
			}
			h.config["regions"] = texts(third)
			h.must()
			h.mustHave(map[string][]int64{region: {1}, second: nil, third: {1}})
			if err := h.core.destroy(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.mustHave(map[string][]int64{region: nil, third: nil})
		})
	}
}

// TestUnreadHomeIsAnError refreshes where the resource's own region cannot be read.
func TestUnreadHomeIsAnError(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 1)
	h.config["regions"] = texts(second)
	h.must()
	h.aws.Inject(refused("GetLayerVersion", region))
	h.mustFail("lambda:GetLayerVersion")
	h.mustHave(map[string][]int64{region: {1}, second: {1}})
}

// TestRetentionIsMadeUpFor fails after a publish and before retention, at home
// and in a further region: the next apply does what is left.
func TestRetentionIsMadeUpFor(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]lambdatest.Fault{
		"sharing, at home":     refused("AddLayerVersionPermission", region),
		"sharing, elsewhere":   refused("AddLayerVersionPermission", second),
		"parameter, at home":   refused("PutParameter", region),
		"parameter, elsewhere": refused("PutParameter", second),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, 1)
			h.config["regions"] = texts(second)
			h.argument("sharing", map[string]tftypes.Value{"account_ids": texts(teamA)})
			h.argument("ssm_parameter", map[string]tftypes.Value{"name": h.text("/a")})
			h.argument("retention", map[string]tftypes.Value{"keep_last": tftypes.NewValue(tftypes.Number, int64(1))})
			h.must()
			h.config["filename"] = h.text(h.zips[1])
			h.aws.Inject(fault)
			h.mustFail("is missing")
			h.mustHave(map[string][]int64{fault.Region: {1, 2}})
			h.aws.Calm()
			h.must()
			h.mustHave(map[string][]int64{region: {2}, second: {2}})
			if err := h.core.drift(t.Context(), h.config); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAdoptionKeepsTheLast takes over an older version where the plan counted on
// a new one: as many stay as the policy says.
func TestAdoptionKeepsTheLast(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 1)
	h.argument("retention", map[string]tftypes.Value{"keep_last": tftypes.NewValue(tftypes.Number, int64(3))})
	for _, i := range []int{0, 1, 2, 1} {
		h.config["filename"] = h.text(h.zips[i])
		h.must()
	}
	h.mustHave(map[string][]int64{region: {1, 2, 3}})
	if err := h.core.drift(t.Context(), h.config); err != nil {
		t.Error(err)
	}
}

// TestRegionOutOfReachIsGivenUp drops a region in which nothing works: not while
// its versions are to be deleted, at once where they are to stay.
func TestRegionOutOfReachIsGivenUp(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 1)
	h.config["regions"] = texts(second)
	h.argument("sharing", map[string]tftypes.Value{"account_ids": texts(teamA)})
	h.argument("ssm_parameter", map[string]tftypes.Value{"name": h.text("/a")})
	h.must()
	h.aws.Inject(refused("", second))
	delete(h.config, "regions")
	h.mustFail(second)
	h.mustHave(map[string][]int64{region: {1}, second: {1}})
	h.argument("retention", map[string]tftypes.Value{"on_destroy": h.text("retain")})
	h.must()
	if err := h.core.drift(t.Context(), h.config); err != nil {
		t.Error(err)
	}
	h.mustHave(map[string][]int64{region: {1}, second: {1}})
}

// TestUnwantedVersionIsNotForgotten creates a version of bytes that something has
// altered, which cannot be removed at once: it goes when the resource is made
// anew, although the state has no current version.
func TestUnwantedVersionIsNotForgotten(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 1)
	h.aws.CreateBucket(region, "artifacts", false)
	large := h.noise(51 << 20)
	sum, err := base64.StdEncoding.DecodeString(base64SHA256(t, large))
	if err != nil {
		t.Fatal(err)
	}
	h.config["filename"] = h.text(large)
	h.argument("s3", map[string]tftypes.Value{"bucket": h.text("artifacts")})
	h.aws.Inject(refused("DeleteLayerVersion", region), lambdatest.Fault{Operation: "PublishLayerVersion", Do: func() {
		h.aws.PutObject("artifacts", "staging/"+hex.EncodeToString(sum)+".zip", []byte(zipOf(t, "python/m.py", "altered")))
	}})
	h.mustFail("other bytes")
	h.mustHave(map[string][]int64{region: {1}})
	h.aws.Calm()
	h.config["filename"] = h.text(h.zips[1])
	h.must()
	h.mustHave(map[string][]int64{region: {2}})
}
