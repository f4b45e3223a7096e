package provider

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// history is a random sequence of what users, other people and AWS do to one
// layerbuild_version, and what must hold all the while.
type history struct {
	*world
	core     *core
	random   *rand.Rand
	calendar calendar
	zips     []string
	policy   policyChoice
	before   policyChoice
	config   map[string]tftypes.Value
	regions  []string
	// foreign are the ARNs of versions that the resource did not publish, or
	// that it was told to leave behind.
	foreign map[string]bool
	used    map[string]string // layer version by function, such as "eu-west-1/f"
	log     []string
	// loose is set where a region was given up whose parameter may have stayed.
	loose bool
}

// policyChoice is a retention argument.
type policyChoice struct {
	given, unused, whole, retain bool // unused: keep_in_use = false
	last, days                   int64
}

// TestRandomHistories plays random histories. LAYERBUILD_HISTORIES plays so many
// more, and LAYERBUILD_SEED begins elsewhere.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	count, seed := 12, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("LAYERBUILD_HISTORIES")); err == nil {
		count = n
	}
	if n, err := strconv.ParseUint(os.Getenv("LAYERBUILD_SEED"), 10, 64); err == nil {
		seed = n
	}
	var all sync.WaitGroup
	for i := range uint64(count) {
		h := newHistory(t, seed+i)
		all.Go(func() { // most of the time they wait for the rate of calls
			if fault := h.play(); fault != "" {
				t.Errorf("history %d: %s\n%s", seed+i, fault, strings.Join(h.log, "\n"))
			}
		})
	}
	all.Wait()
}

// play goes through the history and returns what did not hold.
func (h *history) play() (fault string) {
	defer func() {
		switch broken := recover().(type) {
		case nil:
		case brokenHistory:
			fault = string(broken)
		default:
			panic(broken)
		}
	}()
	for range 10 {
		h.step()
	}
	h.end()
	return ""
}

func newHistory(t *testing.T, seed uint64) *history {
	t.Helper()
	h := &history{
		world: newWorld(t), random: rand.New(rand.NewPCG(seed, 7)), config: map[string]tftypes.Value{},
		foreign: map[string]bool{}, used: map[string]string{},
	}
	h.clock = h.calendar.now
	h.aws.SetClock(h.calendar.now)
	h.core = newCore(h.world, "AKIAIOSFODNN7EXAMPLE")
	for _, content := range []string{"a", "b", "c"} {
		h.zips = append(h.zips, h.write(content+".zip", zipOf(t, "python/m.py", content)))
	}
	h.config["layer_name"] = textValue("deps")
	h.config["compatible_runtimes"] = texts("python3.12")
	h.config["filename"] = textValue(h.zips[0])
	return h
}

func (h *history) note(format string, args ...any) {
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

// brokenHistory is what did not hold.
type brokenHistory string

func (h *history) fail(format string, args ...any) {
	panic(brokenHistory(fmt.Sprintf(format, args...)))
}

func pick[T any](h *history, of ...T) T { return of[h.random.IntN(len(of))] }

// step changes something, applies it, perhaps with a fault, and holds what is
// there to what must be.
func (h *history) step() {
	for range 1 + h.random.IntN(2) {
		h.edit()
	}
	if h.random.IntN(3) > 0 {
		h.meddle()
	}
	h.calendar.set(int64(h.calendar.now().YearDay()) - 10 + int64(h.random.IntN(4)))
	if h.random.IntN(3) == 0 {
		f := h.fault()
		h.note("fault %+v", f)
		h.aws.Inject(f)
	}
	if h.random.IntN(10) == 0 && !h.core.state.IsNull() {
		h.core.tainted = true
		h.note("taint")
	}
	dropped := h.dropped()
	err := h.apply(dropped)
	h.aws.Calm()
	if err != nil {
		if err := h.apply(dropped); err != nil {
			h.fail("the apply after a failure fails: %v", err)
		}
	}
	if h.random.IntN(2) == 0 {
		h.calendar.set(int64(h.calendar.now().YearDay()) - 10 + 1)
	}
	if err := h.core.drift(h.Context(), h.config); err != nil {
		// What a fault hid from the refresh is found now, and put right.
		h.note("second apply for %v", err)
		if err := h.apply(dropped); err != nil {
			h.fail("the apply after a refresh fails: %v", err)
		}
		if err := h.core.drift(h.Context(), h.config); err != nil {
			h.fail("%v", err)
		}
	}
	h.loose = h.loose || h.policy.retain && len(dropped) > 0
	for _, region := range dropped { // what stayed there is nobody's
		h.leave(region)
	}
	h.settled()
}

// dropped returns the regions that have something and are not named any more.
func (h *history) dropped() []string {
	var gone []string
	for _, region := range []string{second, third} {
		if !slices.Contains(h.regions, region) {
			gone = append(gone, region)
		}
	}
	return gone
}

func (h *history) leave(region string) {
	for _, v := range h.aws.Live(region, "deps") {
		h.foreign[v.ARN] = true
	}
}

// apply runs one apply and checks what it deleted.
func (h *history) apply(dropped []string) error {
	was := map[string][]lambdatest.Version{}
	for _, region := range []string{region, second, third} {
		was[region] = h.aws.Live(region, "deps")
	}
	tainted, destroyed := h.core.tainted, h.core.destroyed
	err := h.core.apply(h.Context(), h.config)
	h.note("apply: %v, warnings %q", err, h.core.warnings)
	if err != nil && strings.Contains(err.Error(), "inconsistent") {
		h.fail("%v", err)
	}
	for _, region := range []string{region, second, third} {
		h.check(region, was[region], tainted || slices.Contains(dropped, region))
		for _, v := range was[region] {
			if h.core.destroyed > destroyed { // what stayed is nobody's
				h.foreign[v.ARN] = true
			}
		}
	}
	h.before = h.policy
	return err
}

// check finds what was deleted and should not have been. given up is set where
// all that the resource had in the region was to go.
func (h *history) check(region string, was []lambdatest.Version, givenUp bool) {
	live := map[string]bool{}
	for _, v := range h.aws.Live(region, "deps") {
		live[v.ARN] = true
	}
	users := slices.Collect(maps.Values(h.used))
	unused, whole := h.policy.unused || h.before.unused, h.policy.whole || h.before.whole
	for _, v := range was {
		switch {
		case live[v.ARN]:
		case slices.Contains(users, v.ARN) && !unused:
			h.fail("%s is in use and was deleted", v.ARN)
		case h.foreign[v.ARN] && !whole:
			h.fail("%s is not the resource's and was deleted", v.ARN)
		case !givenUp && !h.policy.given && !h.before.given:
			h.fail("%s was deleted without a policy", v.ARN)
		}
	}
	if h.policy == h.before && !givenUp && h.policy.days == 0 && int64(len(live)) < min(h.policy.last, int64(len(was))) {
		h.fail("%s has %d versions where %d are kept, of %d", region, len(live), h.policy.last, len(was))
	}
	equal := map[string]int{}
	for _, v := range h.aws.Live(region, "deps") {
		if !h.foreign[v.ARN] {
			equal[v.CodeSHA256+v.Description]++
		}
	}
	for _, n := range equal {
		if n > 1 {
			h.fail("%s has a version twice", region)
		}
	}
}

// settled checks what every region has after an apply.
func (h *history) settled() {
	values, err := h.core.attributes(h.core.state)
	if err != nil {
		h.fail("%v", err)
	}
	arns := map[string]tftypes.Value{}
	if err := values["arns"].As(&arns); err != nil {
		h.fail("%v", err)
	}
	if len(arns) != 1+len(h.regions) {
		h.fail("there are ARNs in %v, want %v and %s", slices.Sorted(maps.Keys(arns)), h.regions, region)
	}
	for region, value := range arns {
		var arn string
		if err := value.As(&arn); err != nil {
			h.fail("%v", err)
		}
		at := slices.IndexFunc(h.aws.Live(region, "deps"), func(v lambdatest.Version) bool { return v.ARN == arn })
		if at < 0 {
			h.fail("AWS does not have the current %s", arn)
		}
		version := h.aws.Live(region, "deps")[at]
		var file string
		if err := h.config["filename"].As(&file); err != nil || version.CodeSHA256 != base64SHA256(h, file) {
			h.fail("%s has other bytes than %s: %v", arn, file, err)
		}
		var parameter map[string]tftypes.Value
		if p := h.config["ssm_parameter"]; p.Type() != nil && !p.IsNull() && p.As(&parameter) == nil {
			var name string
			if err := parameter["name"].As(&name); err != nil {
				h.fail("%v", err)
			}
			if p, _ := h.aws.Parameter(region, name); p.Value != arn {
				h.fail("%s in %s holds %q, want %q", name, region, p.Value, arn)
			}
		}
		if s := h.config["sharing"]; s.Type() != nil && !s.IsNull() {
			if got := h.world.policy(region, version.Number); got != h.shared() {
				h.fail("%s is shared with %q, want %q", arn, got, h.shared())
			}
		}
	}
}

// shared returns whom the configuration names, as world.policy does.
func (h *history) shared() string {
	var who []string
	var s map[string]tftypes.Value
	if h.config["sharing"].As(&s) != nil {
		return ""
	}
	for _, name := range []string{"account_ids", "organization_ids"} {
		var ids []tftypes.Value
		if s[name].IsNull() || s[name].As(&ids) != nil {
			continue
		}
		for _, id := range ids {
			var text string
			if id.As(&text) == nil {
				who = append(who, text)
			}
		}
	}
	if !s["public"].IsNull() {
		who = append(who, "*")
	}
	slices.Sort(who)
	return strings.Join(who, " ")
}

// end destroys everything and checks what stays.
func (h *history) end() {
	h.note("destroy")
	if err := h.core.destroy(h.Context()); err != nil {
		h.fail("%v", err)
	}
	users := slices.Collect(maps.Values(h.used))
	for _, region := range []string{region, second, third} {
		if p, ok := h.aws.Parameter(region, "/b"); ok && !h.loose {
			h.fail("the parameter /b in %s stays with %q", region, p.Value)
		}
		for _, v := range h.aws.Live(region, "deps") {
			if !h.policy.retain && !h.foreign[v.ARN] && !slices.Contains(users, v.ARN) {
				h.fail("%s stays after a destroy", v.ARN)
			}
		}
	}
}

// edit changes an argument.
func (h *history) edit() {
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	number := func(n int64) tftypes.Value { return tftypes.NewValue(tftypes.Number, n) }
	kinds := h.core.kind().AttributeTypes
	switch h.random.IntN(9) {
	case 0, 1, 2:
		file := pick(h, h.zips...)
		h.config["filename"] = text(file)
		h.note("filename %s", file)
	case 3:
		description := pick(h, "", "one", "two")
		h.config["description"] = text(description)
		if description == "" {
			delete(h.config, "description")
		}
		h.note("description %q", description)
	case 4, 5:
		p := policyChoice{given: true, last: int64(h.random.IntN(4)), days: pick(h, int64(0), 0, 3), unused: h.random.IntN(4) == 0, whole: h.random.IntN(4) == 0, retain: h.random.IntN(4) == 0}
		values := map[string]tftypes.Value{}
		if p.last > 0 {
			values["keep_last"] = number(p.last)
		}
		if p.days > 0 {
			values["max_age_days"] = number(p.days)
		}
		if p.unused {
			values["keep_in_use"] = tftypes.NewValue(tftypes.Bool, false)
		}
		if p.whole {
			values["scope"] = text("layer")
		}
		if p.retain {
			values["on_destroy"] = text("retain")
		}
		h.config["retention"] = object(kinds["retention"], values)
		if h.random.IntN(4) == 0 {
			p = policyChoice{}
			delete(h.config, "retention")
		}
		h.policy = p
		h.note("retention %+v", p)
	case 6:
		h.regions = pick(h, nil, []string{second}, []string{third}, []string{second, third})
		h.config["regions"] = texts(slices.Clone(h.regions)...)
		h.note("regions %v", h.regions)
	case 7:
		s := pick(h, nil, map[string]tftypes.Value{}, map[string]tftypes.Value{"account_ids": texts(teamA)},
			map[string]tftypes.Value{"account_ids": texts(teamA, teamB), "organization_ids": texts(corp)}, map[string]tftypes.Value{"public": tftypes.NewValue(tftypes.Bool, true)})
		h.config["sharing"] = object(kinds["sharing"], s)
		if s == nil {
			delete(h.config, "sharing")
		}
		h.note("sharing %v", s)
	case 8:
		name := pick(h, "", "/a", "/b")
		h.config["ssm_parameter"] = object(kinds["ssm_parameter"], map[string]tftypes.Value{"name": text(name), "overwrite": tftypes.NewValue(tftypes.Bool, name == "/a")})
		if name == "" {
			delete(h.config, "ssm_parameter")
		}
		h.note("ssm_parameter %q", name)
	}
}

// meddle is what others do.
func (h *history) meddle() {
	region := pick(h, region, region, second, third)
	live := h.aws.Live(region, "deps")
	switch what := h.random.IntN(6); {
	case what == 0:
		content := pick(h, "a", "b", "other")
		body, err := json.Marshal(map[string]any{
			"Content":            map[string]string{"ZipFile": base64.StdEncoding.EncodeToString([]byte(zipOf(h, "python/m.py", content)))},
			"CompatibleRuntimes": []string{"python3.12"}, "Description": pick(h, "one", "foreign"),
		})
		if err != nil {
			h.fail("%v", err)
		}
		h.call(http.MethodPost, region, "layers/deps/versions", string(body))
		made := h.aws.Live(region, "deps")
		h.foreign[made[len(made)-1].ARN] = true
		h.note("others publish %s", made[len(made)-1].ARN)
	case len(live) == 0:
	case what == 1:
		v := pick(h, live...)
		h.call(http.MethodDelete, region, fmt.Sprintf("layers/deps/versions/%d", v.Number), "")
		h.note("others delete %s", v.ARN)
	case what == 2:
		v := pick(h, live...)
		h.aws.SetPolicy(region, "deps", v.Number, allowed("theirs", pick(h, teamB, "999900001111")))
		h.note("others share %s", v.ARN)
	case what == 3:
		h.aws.SetParameter(region, "/a", "other")
		h.note("others write /a in %s", region)
	default:
		name, v := pick(h, "f", "g"), pick(h, live...)
		if !h.aws.SetLayers(region, name, v.ARN) {
			if err := h.aws.CreateFunction(region, name, 0, v.ARN); err != nil {
				h.fail("%v", err)
			}
		}
		h.used[region+"/"+name] = v.ARN
		h.note("%s in %s uses %s", name, region, v.ARN)
	}
}

// call makes a call of somebody else.
func (h *history) call(method, region, path, body string) {
	request, err := http.NewRequestWithContext(h.Context(), method, h.aws.URL()+"/2018-10-31/"+path, strings.NewReader(body))
	if err != nil {
		h.fail("%v", err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/"+region+"/lambda/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.fail("%v", err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode >= 300 {
		h.fail("%s %s: %s, %v", method, path, response.Status, err)
	}
}

// fault is something that goes wrong, once.
func (h *history) fault() lambdatest.Fault {
	f := lambdatest.Fault{
		Operation: pick(h, "PublishLayerVersion", "DeleteLayerVersion", "AddLayerVersionPermission", "RemoveLayerVersionPermission", "GetLayerVersionPolicy",
			"PutParameter", "GetParameter", "DeleteParameter", "ListFunctions", "ListLayerVersions", "GetLayerVersion"),
		Region: pick(h, "", region, second, third), Skip: h.random.IntN(3),
		Status: http.StatusForbidden, ErrorType: "AccessDeniedException", Message: "not today",
	}
	if f.Operation == "PublishLayerVersion" && h.random.IntN(2) == 0 {
		f.Status, f.Close, f.At = 0, true, lambdatest.AfterProcessing
	}
	return f
}
