package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

const (
	layer = "arn:aws:lambda:eu-west-1:123456789012:layer:deps"
	three = layer + ":3"
	four  = layer + ":4"
	other = "arn:aws:lambda:eu-west-1:123456789012:layer:other:9"
)

var (
	errKilled    = errors.New("killed")
	errOtherCode = errors.New("the code is another one")
)

// fake is a Lambda in memory.
type fake struct {
	mu        sync.Mutex
	functions map[string]*Function
	aliases   map[string]Alias
	published map[string]int
	revision  int
	// calls counts all calls; none after left is carried out where left ≥ 0.
	calls, left int
	log         []string
	// answer is what invoking a function returns.
	answer func(Function) (Answer, error)
	// fate says how an update of a function ends, "" for well.
	fate map[string]string
	// always lets updates to any version end so, not to the new one alone.
	always bool
	// polls is how many looks find an update under way.
	polls   int
	pending map[string]int
	// strike may replace the outcome of SetLayers: it runs before it.
	strike func(f *fake, name string) error
	// making is how many looks find a published version in the making, and spoilt
	// why Lambda cannot make it, "" where it can.
	making int
	spoilt string
	// stuck names functions whose aliases do not move.
	stuck []string
	// lose may say that the answer of SetLayers is lost after it took effect.
	lose func(name string) bool
}

func newFake(names ...string) *fake {
	f := &fake{functions: map[string]*Function{}, aliases: map[string]Alias{}, published: map[string]int{}, left: -1, fate: map[string]string{}, pending: map[string]int{}}
	for _, name := range names {
		f.functions[name] = &Function{
			Name: name, Runtime: "python3.12", Architecture: "x86_64", Layers: []string{other, three}, Revision: "0",
		}
	}
	f.answer = func(Function) (Answer, error) { return Answer{Payload: []byte(`{"statusCode": 200}`)}, nil }
	return f
}

func (f *fake) enter(ctx context.Context, call string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.left == f.calls {
		return errKilled
	}
	f.calls++
	f.log = append(f.log, call)
	return nil
}

func (f *fake) Function(ctx context.Context, name, version string) (Function, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "get "+name); err != nil {
		return Function{}, err
	}
	if version != "" {
		return f.version(name, version)
	}
	at := f.functions[name]
	if at == nil {
		return Function{}, ErrNoFunction
	}
	if f.pending[name] > 0 {
		f.pending[name]--
		if f.pending[name] == 0 {
			at.Update, at.Reason = Settled, ""
			if f.fate[name] != "" && (slices.Contains(at.Layers, four) || f.always) {
				at.Update, at.Reason = Failed, f.fate[name]
			}
		}
	}
	found := *at
	found.Layers = slices.Clone(at.Layers)
	return found, nil
}

func (f *fake) SetLayers(ctx context.Context, name string, layers []string, revision string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "set "+name); err != nil {
		return err
	}
	if f.strike != nil {
		if err := f.strike(f, name); err != nil {
			return err
		}
	}
	at := f.functions[name]
	if at.Revision != revision || at.Update == Pending {
		return ErrChanged
	}
	f.set(name, layers)
	if f.lose != nil && f.lose(name) {
		return ErrLost
	}
	return nil
}

// set changes the layers of a function as anybody may.
func (f *fake) set(name string, layers []string) {
	f.revision++
	at := f.functions[name]
	at.Layers, at.Revision = slices.Clone(layers), fmt.Sprint(f.revision)
	at.Update, f.pending[name] = Pending, f.polls+1
}

func (f *fake) Invoke(ctx context.Context, name string, _ []byte) (Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "invoke "+name); err != nil {
		return Answer{}, err
	}
	return f.answer(*f.functions[name])
}

// version returns the state of a published version, which Lambda makes for some looks.
func (f *fake) version(function, number string) (Function, error) {
	found := *f.functions[function]
	if f.making > 0 {
		f.making--
		found.Update = Pending
	} else if f.spoilt != "" {
		found.Update, found.Reason = Failed, f.spoilt
	}
	if number != fmt.Sprint(f.published[function]) {
		return Function{}, ErrNoFunction
	}
	return found, nil
}

func (f *fake) PublishVersion(ctx context.Context, name, code string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "publish "+name); err != nil {
		return "", err
	}
	if f.functions[name].CodeSHA256 != code {
		return "", errOtherCode
	}
	f.published[name]++
	return fmt.Sprint(f.published[name]), nil
}

func (f *fake) Alias(ctx context.Context, name, alias string) (Alias, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, "alias "+name); err != nil {
		return Alias{}, err
	}
	at, found := f.aliases[name+":"+alias]
	if !found {
		return Alias{}, ErrNoFunction
	}
	return at, nil
}

func (f *fake) PointAlias(ctx context.Context, name, alias string, to Alias) (Alias, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.enter(ctx, fmt.Sprintf("point %s to %s, %d %% to %q", name, to.Version, to.Weight, to.Next)); err != nil {
		return Alias{}, err
	}
	if slices.Contains(f.stuck, name) {
		return Alias{}, errors.New("refused")
	}
	if f.aliases[name+":"+alias].Revision != to.Revision {
		return Alias{}, ErrChanged
	}
	f.revision++
	to.Revision = fmt.Sprint(f.revision)
	f.aliases[name+":"+alias] = to
	return to, nil
}

// versions returns the version of the layer that each function has.
func (f *fake) versions() map[string]int64 {
	versions := map[string]int64{}
	for name := range maps.Keys(f.functions) {
		versions[name] = NumberOf(VersionOn(*f.functions[name], layer))
	}
	return versions
}
