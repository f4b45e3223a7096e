package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const (
	accountA = "111111111111"
	accountB = "222222222222"
)

// accounts returns what two accounts have, in a form that tests compare.
func (w *world) accounts() string {
	var all strings.Builder
	for _, account := range []string{accountA, accountB} {
		for _, region := range []string{region, second} {
			for _, v := range w.aws.LiveOf(account, region, "deps") {
				fmt.Fprintf(&all, "%s %s\n", v.ARN, v.CodeSHA256)
			}
			for _, name := range []string{"/a", "/b"} {
				if p, ok := w.aws.ParameterOf(account, region, name); ok {
					fmt.Fprintf(&all, "%s %s %s=%s\n", account, region, name, p.Value)
				}
			}
		}
	}
	return all.String()
}

// TestStateOfAnotherAccountIsLeftAlone acts on a state of account A with
// credentials of B, which has a layer of the same name: nothing changes in
// either, and the refusal names both.
func TestStateOfAnotherAccountIsLeftAlone(t *testing.T) {
	t.Parallel()
	both := []string{"is of account " + accountA, "are of account " + accountB}
	for name, act := range map[string]func(*core, *world, map[string]tftypes.Value) error{
		"nothing changed": func(c *core, w *world, config map[string]tftypes.Value) error { return c.apply(w.Context(), config) },
		"change": func(c *core, w *world, config map[string]tftypes.Value) error {
			config["filename"] = textValue(w.write("b.zip", zipOf(w, "python/m.py", "b")))
			return c.apply(w.Context(), config)
		},
		"retention alone": func(c *core, w *world, config map[string]tftypes.Value) error {
			config["retention"] = object(c.kind().AttributeTypes["retention"], map[string]tftypes.Value{
				"keep_last": tftypes.NewValue(tftypes.Number, 1), "scope": textValue("layer"),
			})
			return c.apply(w.Context(), config)
		},
		"parameter alone": func(c *core, w *world, config map[string]tftypes.Value) error {
			config["ssm_parameter"] = object(c.kind().AttributeTypes["ssm_parameter"], map[string]tftypes.Value{"name": textValue("/b")})
			return c.apply(w.Context(), config)
		},
		"sharing alone": func(c *core, w *world, config map[string]tftypes.Value) error {
			config["sharing"] = object(c.kind().AttributeTypes["sharing"], map[string]tftypes.Value{"account_ids": texts(teamA)})
			return c.apply(w.Context(), config)
		},
		"a further region": func(c *core, w *world, config map[string]tftypes.Value) error {
			config["regions"] = texts(second)
			return c.apply(w.Context(), config)
		},
		"taint": func(c *core, w *world, config map[string]tftypes.Value) error {
			c.tainted = true
			return c.apply(w.Context(), config)
		},
		"destroy": func(c *core, w *world, _ map[string]tftypes.Value) error { return c.destroy(w.Context()) },
		"destroy of a replacement": func(c *core, w *world, _ map[string]tftypes.Value) error {
			server, err := c.start(w.Context())
			if err != nil {
				return err
			}
			return c.destroyWith(w.Context(), server, nil)
		},
	} {
		for _, noRefresh := range []bool{false, true} {
			for _, public := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, noRefresh=%v, public=%v", name, noRefresh, public), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					config := map[string]tftypes.Value{"layer_name": textValue("deps"), "filename": textValue(w.write("a.zip", zipOf(w, "python/m.py", "a")))}
					theirs := newCore(w, accountB)
					for _, content := range []string{"x", "y"} { // theirs has versions 1 and 2
						other := maps.Clone(config)
						other["filename"] = textValue(w.write(content+".zip", zipOf(w, "python/m.py", content)))
						if err := theirs.apply(t.Context(), other); err != nil {
							t.Fatal(err)
						}
					}
					ours := newCore(w, accountA)
					config["ssm_parameter"] = object(ours.kind().AttributeTypes["ssm_parameter"], map[string]tftypes.Value{"name": textValue("/a")})
					if public {
						config["sharing"] = object(ours.kind().AttributeTypes["sharing"], map[string]tftypes.Value{"public": tftypes.NewValue(tftypes.Bool, true)})
					}
					if err := ours.apply(t.Context(), config); err != nil {
						t.Fatal(err)
					}
					was, state := w.accounts(), ours.state
					ours.login(accountB)
					ours.noRefresh = noRefresh
					err := act(ours, w, maps.Clone(config))
					if noRefresh && name == "nothing changed" {
						if err != nil {
							t.Errorf("a plan without changes and refresh fails: %v", err)
						}
					} else if err == nil || !slices.ContainsFunc(both, func(part string) bool { return strings.Contains(err.Error(), part) }) {
						t.Errorf("got %v, want both accounts named", err)
					}
					if got := w.accounts(); got != was {
						t.Errorf("AWS has\n%swant\n%s", got, was)
					}
					if !ours.state.Equal(state) {
						t.Errorf("the state is %v, want %v", ours.state, state)
					}
				})
			}
		}
	}
}

// TestAccountIsToldWithoutSTS has settings that keep the provider from asking
// STS: what Lambda has tells the account.
func TestAccountIsToldWithoutSTS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := map[string]tftypes.Value{"layer_name": textValue("deps"), "filename": textValue(w.write("a.zip", zipOf(w, "python/m.py", "a")))}
	yes := tftypes.NewValue(tftypes.Bool, true)
	skip := func(c *core) {
		c.settings["skip_credentials_validation"], c.settings["skip_requesting_account_id"] = yes, yes
	}
	ours := newCore(w, accountA)
	skip(ours)
	if err := ours.apply(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if n := len(w.aws.Calls("GetCallerIdentity")); n != 0 {
		t.Errorf("STS was asked %d times", n)
	}
	config["filename"] = textValue(w.write("b.zip", zipOf(w, "python/m.py", "b")))
	ours.login(accountB)
	skip(ours)
	ours.noRefresh = true
	// B has nothing at all: only what Publish made there tells, and it goes.
	if err := ours.apply(t.Context(), config); err == nil || !strings.Contains(err.Error(), "of account "+accountB) {
		t.Errorf("got %v, want a refusal that names %s", err, accountB)
	}
	if got := w.aws.LiveOf(accountB, region, "deps"); len(got) != 0 {
		t.Errorf("account B has %v, want nothing", got)
	}
	theirs := newCore(w, accountB)
	if err := theirs.apply(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	calls := len(w.aws.Calls("PublishLayerVersion"))
	if err := ours.apply(t.Context(), config); err == nil || !strings.Contains(err.Error(), "of account "+accountB) {
		t.Errorf("got %v, want a refusal that names %s", err, accountB)
	}
	if got := len(w.aws.Calls("PublishLayerVersion")); got != calls {
		t.Error("something was published before the account was looked at")
	}
}

// TestStateOfAnotherPartition compares partitions too: an account number may
// exist in both.
func TestStateOfAnotherPartition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCore(w, accountA)
	config := map[string]tftypes.Value{"layer_name": textValue("deps"), "filename": textValue(w.write("a.zip", zipOf(w, "python/m.py", "a")))}
	if err := c.apply(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	w.aws.Inject(lambdatest.Fault{Operation: "GetCallerIdentity", Status: 200, Times: -1, Body: []byte(
		`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws-cn:iam::` + accountA +
			`:user/test</Arn><UserId>A</UserId><Account>` + accountA + `</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)})
	err := c.destroy(t.Context())
	if err == nil || !strings.Contains(err.Error(), "account "+accountA+" of the partition aws-cn") {
		t.Errorf("got %v, want a refusal that names the partition", err)
	}
	if got := w.aws.LiveOf(accountA, region, "deps"); len(got) != 1 {
		t.Errorf("AWS has %v, want the version", got)
	}
}

// TestMovedRegionIsRefused runs with another region of the provider than the
// state was made with, as where AWS_REGION differs from machine to machine.
func TestMovedRegionIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCore(w, accountA)
	config := map[string]tftypes.Value{"layer_name": textValue("deps"), "filename": textValue(w.write("a.zip", zipOf(w, "python/m.py", "a")))}
	if err := c.apply(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	c.settings["region"] = textValue(second)
	for _, c.noRefresh = range []bool{false, true} {
		err := c.apply(t.Context(), config)
		if err == nil || !strings.Contains(err.Error(), `write region = "eu-west-1"`) {
			t.Errorf("got %v, want a refusal that says what to write", err)
		}
	}
	config["region"] = textValue(region)
	if err := c.drift(t.Context(), config); err != nil {
		t.Error(err)
	}
	if err := c.destroy(t.Context()); err != nil {
		t.Error(err)
	}
	if got := w.accounts(); got != "" {
		t.Errorf("AWS still has %s", got)
	}
}
