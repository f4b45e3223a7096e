package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// lives are the resources of some states, and what must hold of them. Each step
// is what an apply of Terraform does: it plans the resources that it is about,
// in any order, and then changes some.
type lives struct {
	*world
	zips    []string
	objects []*life
	// had are the versions that a state has published or taken over, by account.
	had map[string]bool
	log []string
}

// life is one resource in a state, a deposed one included.
type life struct {
	*core
	state   int
	account string
	config  map[string]tftypes.Value
}

func newLives(t *testing.T) *lives {
	t.Helper()
	l := &lives{world: newWorld(t), had: map[string]bool{}}
	for _, content := range []string{"a", "b", "c"} {
		l.zips = append(l.zips, l.write(content+".zip", zipOf(t, "python/m.py", content)))
	}
	return l
}

// resource returns a resource that is to be created.
func (l *lives) resource(state int, account, zip string) *life {
	return &life{core: newCore(l.world, account), state: state, account: account, config: map[string]tftypes.Value{
		"layer_name": textValue("deps"), "filename": textValue(zip), "compatible_runtimes": texts("python3.12"),
	}}
}

func (l *lives) note(format string, args ...any) { l.log = append(l.log, fmt.Sprintf(format, args...)) }

// arn returns the version that a resource points at, "" for none.
func (o *life) arn() string {
	values, err := o.attributes(o.core.state)
	var arn, hash *string
	if err != nil || values["arn"].As(&arn) != nil || values["code_sha256"].As(&hash) != nil || arn == nil || hash == nil {
		return ""
	}
	return *arn
}

// plan has a run look at a resource.
func (l *lives) plan(o *life) error {
	server, err := o.start(l.Context())
	if err != nil {
		return err
	}
	if err := o.refresh(l.Context(), server); err != nil {
		return err
	}
	wanted, err := o.core.config(o.config)
	if err != nil {
		return err
	}
	_, err = o.core.plan(l.Context(), server, o.core.state, wanted, o.private)
	return err
}

// watch does something, and returns what it deleted and should not have: a
// version at which another resource points, or that its state never had. by is
// whose apply it is.
func (l *lives) watch(by *life, do func() error) error {
	was, pointed := map[string]bool{}, map[string]int{}
	for _, account := range []string{accountA, accountB} {
		for _, v := range l.aws.LiveOf(account, region, "deps") {
			was[v.ARN] = true
		}
	}
	for i, o := range l.objects {
		if o != by {
			pointed[o.arn()] = i
		}
	}
	failed := do()
	for _, account := range []string{accountA, accountB} {
		for _, v := range l.aws.LiveOf(account, region, "deps") {
			delete(was, v.ARN)
		}
	}
	for _, o := range l.objects {
		if arn := o.arn(); arn != "" {
			l.had[fmt.Sprint(o.state, arn)] = true
		}
	}
	for arn := range was {
		if i, ok := pointed[arn]; ok {
			return fmt.Errorf("broken: %s was deleted, and resource %d points at it", arn, i)
		}
		if !l.had[fmt.Sprint(by.state, arn)] {
			return fmt.Errorf("broken: %s was deleted, and state %d never had it", arn, by.state)
		}
	}
	return failed
}

// create adds a resource to a state. Where it is cut, AWS may have the version
// and no state has the resource.
func (l *lives) create(o *life, cut bool) error {
	if cut {
		l.note("state %d: a create is cut", o.state)
		server, err := o.start(l.Context())
		if err != nil {
			return err
		}
		wanted, err := o.core.config(o.config)
		if err != nil {
			return err
		}
		p, err := o.core.plan(l.Context(), server, o.core.state, wanted, nil)
		if err != nil {
			return err
		}
		return o.carryOut(l.Context(), server, wanted, p) // and the state is lost
	}
	l.objects = append(l.objects, o)
	err := l.watch(o, func() error { return o.apply(l.Context(), o.config) })
	l.note("state %d: %s is created: %v %q", o.state, o.arn(), err, o.warnings)
	return err
}

// destroy ends a resource. replaced is set where it is tainted: then Terraform
// hands on no private state.
func (l *lives) destroy(o *life, replaced bool) error {
	arn := o.arn()
	err := l.watch(o, func() error {
		if !replaced {
			return o.core.destroy(l.Context())
		}
		server, err := o.start(l.Context())
		if err == nil {
			err = o.destroyWith(l.Context(), server, nil)
		}
		return err
	})
	l.note("state %d: %s is destroyed: %v %q", o.state, arn, err, o.warnings)
	if err == nil {
		l.objects = slices.DeleteFunc(l.objects, func(other *life) bool { return other == o })
	}
	return err
}

// others plans the resources of a state beside one.
func (l *lives) others(than *life) error {
	for _, o := range l.objects {
		if o != than && o.state == than.state {
			o.login(o.account)
			if err := l.plan(o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lives) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatalf("%v\n%s", err, strings.Join(l.log, "\n"))
	}
}

// TestHandover is about versions that a new owner points at when the old one is
// destroyed in a later run.
func TestHandover(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// taint is how the new owner comes to be, planned whether the run of the
		// destroy looks at it before or after it plans the destroy.
		noRefresh, late bool
	}{
		"create_before_destroy, cut": {},
		"seen late":                  {late: true},
		"without a refresh":          {noRefresh: true},
		"late, without a refresh":    {noRefresh: true, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLives(t)
			old, young := l.resource(1, accountA, l.zips[0]), l.resource(1, accountA, l.zips[0])
			parameter := object(old.kind().AttributeTypes["ssm_parameter"], map[string]tftypes.Value{"name": textValue("/a")})
			old.config["ssm_parameter"], young.config["ssm_parameter"] = parameter, parameter
			l.must(l.create(old, false))
			l.must(l.create(young, false)) // and the run is cut before the destroy
			if !slices.ContainsFunc(young.warnings, func(s string) bool { return strings.Contains(s, "was adopted") }) {
				t.Errorf("taking over says %q", young.warnings)
			}
			old.noRefresh, young.noRefresh = c.noRefresh, c.noRefresh
			server, err := old.start(t.Context())
			l.must(err)
			if !c.late {
				l.must(l.plan(young))
			}
			l.must(old.refresh(t.Context(), server))
			private, err := old.planDestroy(t.Context(), server, old.private)
			l.must(err)
			if c.late {
				l.must(l.plan(young))
			}
			server, err = old.start(t.Context()) // the apply
			l.must(err)
			l.must(l.watch(old, func() error { return old.destroyWith(t.Context(), server, private) }))
			l.objects = []*life{young}
			if !slices.ContainsFunc(old.warnings, func(s string) bool {
				return strings.Contains(s, "Adopted and not deleted") && strings.Contains(s, "version 1")
			}) {
				t.Errorf("the destroy says %q, want the version that stays", old.warnings)
			}
			if p, _ := l.aws.ParameterOf(accountA, region, "/a"); p.Value != young.arn() {
				t.Errorf("the parameter holds %q, want %q", p.Value, young.arn())
			}
			young.noRefresh = false
			l.must(young.drift(t.Context(), young.config))
			l.must(l.destroy(young, false))
			if got := l.accounts(); got != "" {
				t.Errorf("AWS still has %s", got)
			}
		})
	}
}

// TestCutPublishIsOwned is about a run that was killed after AWS had made the
// version: who finds it owns it, on the same machine. On another one it is taken
// over, and a destroy says that it stays.
func TestCutPublishIsOwned(t *testing.T) {
	t.Parallel()
	for name, elsewhere := range map[string]bool{"here": false, "elsewhere": true} {
		l := newLives(t)
		l.publishAndDie(l.zips[0])
		if elsewhere {
			l.cache = t.TempDir()
		}
		found := l.resource(1, accountA, l.zips[0])
		l.must(l.create(found, false))
		l.must(l.destroy(found, false))
		left := len(l.aws.LiveOf(accountA, region, "deps"))
		said := slices.ContainsFunc(found.warnings, func(s string) bool { return strings.Contains(s, "not deleted") && strings.Contains(s, "version 1") })
		if (left != 0) != elsewhere || said != elsewhere {
			t.Errorf("%s: AWS has %d versions after the destroy, which says %q", name, left, found.warnings)
		}
	}
}

// publishAndDie publishes as a create does that is killed before its end.
func (l *lives) publishAndDie(file string) {
	l.Helper()
	zip, err := publish.MeasureZip(l.Context(), file)
	l.must(err)
	publisher, err := publish.New(l.Context(), publish.Config{
		Region: region, AccessKey: accountA, SecretKey: "not-a-secret", RegisterDir: l.cache, Endpoints: publish.Endpoints{Lambda: l.aws.URL(), STS: l.aws.URL()},
	})
	l.must(err)
	_, _, err = publisher.Publish(l.Context(), publish.Request{
		LayerName: "deps", Description: publish.DefaultDescription(nil, nil, zip.SHA256), Runtimes: []string{"python3.12"}, Zip: zip, Holder: "killed", Creating: true,
	})
	l.must(err)
}

// TestRandomLives plays random lives of resources of one layer, in two accounts
// and a state of each: creates, changes, renames, taints, replacements that are
// cut, wrong credentials, runs without a refresh, imports and destroys.
// LAYERBUILD_HISTORIES and LAYERBUILD_SEED are those of TestRandomHistories.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	count, seed := uint64(6), uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("LAYERBUILD_HISTORIES"), 10, 64); err == nil {
		count = n
	}
	if n, err := strconv.ParseUint(os.Getenv("LAYERBUILD_SEED"), 10, 64); err == nil {
		seed = n
	}
	for i := range count {
		t.Run(fmt.Sprint(seed+i), func(t *testing.T) {
			t.Parallel()
			l := newLives(t)
			random := rand.New(rand.NewPCG(seed+i, 11))
			for range 14 {
				l.must(l.step(random))
				l.must(l.truthful())
			}
			for len(l.objects) > 0 {
				o := l.objects[0]
				o.login(o.account)
				o.noRefresh = false
				l.must(l.others(o))
				l.must(l.destroy(o, false))
			}
		})
	}
}

// step is one run.
func (l *lives) step(random *rand.Rand) error {
	state := random.IntN(2)
	account := []string{accountA, accountB}[state]
	var mine []*life
	for _, o := range l.objects {
		if o.state == state {
			mine = append(mine, o)
		}
	}
	zip := l.zips[random.IntN(len(l.zips))]
	if len(mine) == 0 {
		return l.create(l.resource(state, account, zip), random.IntN(4) == 0)
	}
	o := mine[random.IntN(len(mine))]
	o.login(account)
	o.noRefresh = random.IntN(3) == 0
	if random.IntN(3) > 0 {
		if err := l.others(o); err != nil {
			return err
		}
	}
	switch random.IntN(8) {
	case 0: // the other account
		return l.wrong(o, []string{accountB, accountA}[state], zip)
	case 1: // a rename with -target, or a twin
		if len(mine) > 2 {
			return nil
		}
		return l.create(l.resource(state, account, zip), false)
	case 2: // create_before_destroy
		young := l.resource(state, account, zip)
		young.config = maps.Clone(o.config)
		if err := l.create(young, false); err != nil || random.IntN(2) == 0 {
			return err // cut before the destroy
		}
		return l.destroy(o, true)
	case 3: // taint
		if err := l.destroy(o, true); err != nil {
			return err
		}
		return l.create(l.resource(state, account, zip), random.IntN(4) == 0)
	case 4: // import of what another resource has, as by a user who is wrong
		if o.arn() == "" || len(mine) > 2 {
			return nil
		}
		twin := l.resource(state, account, zip)
		twin.config = maps.Clone(o.config)
		l.objects = append(l.objects, twin)
		return l.watch(twin, func() error { return errors.Join(twin.importARN(l.Context(), o.arn()), l.plan(o), l.plan(twin)) })
	case 5, 6:
		o.config["filename"] = textValue(zip)
		err := l.watch(o, func() error { return o.apply(l.Context(), o.config) })
		l.note("state %d: is changed to %s: %v %q", state, o.arn(), err, o.warnings)
		return err
	}
	return l.destroy(o, false)
}

// wrong acts with credentials of another account: nothing changes, and the
// refusal names both.
func (l *lives) wrong(o *life, account, zip string) error {
	was, config := l.accounts(), maps.Clone(o.config)
	config["filename"] = textValue(zip)
	o.login(account)
	err := o.core.destroy(l.Context())
	for _, named := range []string{accountA, accountB} {
		if err == nil || !strings.Contains(err.Error(), named) {
			return fmt.Errorf("broken: a destroy with credentials of %s says %w", account, err)
		}
	}
	if !o.config["filename"].Equal(config["filename"]) && o.apply(l.Context(), config) == nil {
		return fmt.Errorf("broken: an apply with credentials of %s is carried out", account)
	}
	if got := l.accounts(); got != was {
		return fmt.Errorf("broken: credentials of %s changed %s to %s", account, was, got)
	}
	l.note("state %d: the wrong account is refused", o.state)
	return nil
}

// truthful holds every state to what AWS has: a current version is there, has
// the hash that the state says, and every version that the state says it may
// delete is there as well.
func (l *lives) truthful() error {
	for i, o := range l.objects {
		arn := o.arn()
		if arn == "" {
			continue
		}
		at := slices.IndexFunc(l.aws.LiveOf(o.account, region, "deps"), func(v lambdatest.Version) bool { return v.ARN == arn })
		if at < 0 {
			return fmt.Errorf("broken: resource %d points at %s, which AWS does not have", i, arn)
		}
		values, err := o.attributes(o.core.state)
		if err != nil {
			return err
		}
		var hash string
		if err := values["code_sha256"].As(&hash); err != nil || hash != l.aws.LiveOf(o.account, region, "deps")[at].CodeSHA256 {
			return fmt.Errorf("broken: resource %d says that %s has the hash %q: %w", i, arn, hash, err)
		}
	}
	return nil
}

// importARN makes the state of a resource that of a version, as "terraform import" does.
func (c *core) importARN(ctx context.Context, arn string) error {
	server, err := c.start(ctx)
	if err != nil {
		return err
	}
	answer, err := server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: "layerbuild_version", ID: arn})
	if err != nil {
		return err
	}
	if err := c.judge(answer.Diagnostics); err != nil {
		return err
	}
	if c.state, err = answer.ImportedResources[0].State.Unmarshal(c.kind()); err != nil {
		return err
	}
	c.private = answer.ImportedResources[0].Private
	return c.refresh(ctx, server)
}
