package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// BuildSpec asks for files out of an image that a container engine builds.
type BuildSpec struct {
	// Context is the directory that is sent to the engine, Dockerfile a path
	// in it; "" is "Dockerfile".
	Context, Dockerfile string
	// Target is the stage that is built; "" is the last one.
	Target string
	// Args are the build arguments. They are kept in the lock.
	Args map[string]string
	// Files maps paths in the image to layer paths: see [container.Files].
	Files map[string]string
	// Platform is such as "linux/amd64"; "" is that of the architecture.
	Platform string
}

// BuildLock is one element of builds, with what came out of it. Its JSON is part of
// what states keep.
type BuildLock struct {
	Context    string            `json:"context"`
	Dockerfile string            `json:"dockerfile,omitempty"`
	Target     string            `json:"target,omitempty"`
	Args       map[string]string `json:"args,omitempty"`
	Files      map[string]string `json:"files"`
	// Triggers is the digest of the triggers at the time, zero where there
	// were none.
	Triggers store.Digest  `json:"triggers,omitzero"`
	Results  []BuildResult `json:"results"`
}

// BuildResult is what was built for a platform.
type BuildResult struct {
	Platform string `json:"platform"`
	// Request is the digest of all that was asked for, with the files of the
	// context.
	Request store.Digest `json:"request"`
	// SHA256 is that of the zip of the files in the store.
	SHA256 store.Digest `json:"sha256"`
	Count  int          `json:"count"`
}

// Check finds what can be known wrong without reading anything; at is the element.
func (b BuildSpec) Check(at fault.Path) error {
	summary := fmt.Sprintf("Malformed element %s", at)
	if b.Context == "" {
		return &fault.Error{At: at, Summary: summary, Detail: "It has no context. Write the path of the directory with the Dockerfile."}
	}
	if b.Platform != "" {
		if err := container.CheckPlatform(b.Platform); err != nil {
			return fault.Tie(at.At("platform"), summary, err)
		}
	}
	if err := container.Files(b.Files).Check(); err != nil {
		return fault.Tie(at, summary, err)
	}
	return nil
}

// recipe returns what the engine is asked for, without a platform.
func (l *BuildLock) recipe(of Scope) container.Recipe {
	return container.Recipe{Context: l.Context, Dockerfile: l.Dockerfile, Target: l.Target, Args: l.Args, Skip: of.Skip}
}

// request digests all that the result depends on, besides what the engine finds
// outside of the context.
func (l *BuildLock) request(platform string, sent []filetree.File) (store.Digest, error) {
	return store.SumJSON(struct {
		Reader                                int
		Encoder, Dockerfile, Target, Platform string
		Tree                                  store.Digest
		Args, Files                           map[string]string
	}{imageReader, layerzip.Encoder, l.Dockerfile, l.Target, platform, filetree.TreeDigest(sent), l.Args, l.Files})
}

// buildKey names a result.
func buildKey(request, triggers store.Digest) string {
	return fmt.Sprintf("build %s %s", request.Hex(), triggers.Hex())
}

// ChooseBuilds decides the results of builds: those of the old locks, or of the
// cache, while what was asked for is unchanged; else the engine builds.
//
// What a user can act on is a *[fault.Error].
func ChooseBuilds(ctx context.Context, open func() (*Env, error), specs []BuildSpec, of Scope, old []BuildLock) ([]BuildLock, error) {
	var locks []BuildLock
	for i, spec := range specs {
		l := BuildLock{Context: spec.Context, Dockerfile: spec.Dockerfile, Target: spec.Target, Args: spec.Args, Files: spec.Files, Triggers: of.Triggers}
		at := fault.At("builds").Index(i)
		if err := l.choose(ctx, at, open, of, of.platforms(spec.Platform), old); err != nil {
			return nil, buildError(at, l.Context, err)
		}
		locks = append(locks, l)
	}
	return locks, nil
}

func (l *BuildLock) choose(ctx context.Context, at fault.Path, open func() (*Env, error), of Scope, platforms []string, old []BuildLock) error {
	recipe := l.recipe(of)
	sent, err := container.ReadContext(ctx, recipe)
	if err != nil {
		return err
	}
	for _, platform := range platforms {
		request, err := l.request(platform, sent)
		if err != nil {
			return err
		}
		known, triggers, before := resultOf(old, request)
		if before && triggers == l.Triggers {
			l.Results = append(l.Results, known)
			continue
		}
		e, err := open()
		if err != nil {
			return err
		}
		recipe.Platform, recipe.Fresh = platform, before
		kept, err := e.built(ctx, l, recipe, request, sent)
		if err != nil {
			return err
		}
		files, err := e.Segments.Files(kept, filetree.Origin{})
		if err != nil {
			return err
		}
		if err := e.checkNative(ctx, at, files, of); err != nil {
			return err
		}
		l.Results = append(l.Results, BuildResult{Platform: platform, Request: request, SHA256: kept, Count: len(files)})
	}
	return nil
}

// resultOf returns the result that old locks have for a request, and the triggers of
// its time.
func resultOf(old []BuildLock, request store.Digest) (result BuildResult, triggers store.Digest, ok bool) {
	for _, b := range old {
		for _, r := range b.Results {
			if r.Request == request {
				return r, b.Triggers, true
			}
		}
	}
	return BuildResult{}, store.Digest{}, false
}

// built returns what the cache knows of a request, or has the engine build it.
func (e *Env) built(ctx context.Context, l *BuildLock, recipe container.Recipe, request store.Digest, sent []filetree.File) (kept store.Digest, err error) {
	key := buildKey(request, l.Triggers)
	unlock, err := e.Store.Lock(ctx, key)
	if err != nil {
		return store.Digest{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	kept, ok := e.Segments.Noted(key)
	if ok {
		ok, err = e.hasSegment(ctx, kept)
	}
	if !ok && err == nil {
		kept, ok, err = e.takeResult(ctx, key)
	}
	if !ok && err == nil {
		kept, err = e.runBuild(ctx, l, recipe, sent)
	}
	if err != nil {
		return store.Digest{}, err
	}
	if err := e.offerResult(key, kept); err != nil {
		return store.Digest{}, err
	}
	return kept, e.Segments.Note(key, kept)
}

// errOfflineBuild says that a build would need an engine.
var errOfflineBuild = errors.New("offline is set, so no container engine is used, and no cache has the result")

// runBuild has the engine build, and packs what comes out.
func (e *Env) runBuild(ctx context.Context, l *BuildLock, recipe container.Recipe, sent []filetree.File) (store.Digest, error) {
	if e.Offline {
		return store.Digest{}, errOfflineBuild
	}
	engine := container.NewEngine(e.Getenv, e.Store)
	kept, err := e.deflate(ctx, func(visit container.Visit) error {
		return engine.Build(ctx, recipe, sent, l.Files, func(line string) { e.Log.InfoContext(ctx, line) }, visit)
	})
	if err != nil {
		return store.Digest{}, err
	}
	return kept, e.Store.SyncBlob(kept) // nobody else may make it again
}

// PackBuilds returns the files of all builds, in their order.
func PackBuilds(ctx context.Context, e *Env, locks []BuildLock, of Scope) (filetree.Tree, error) {
	var files filetree.Tree
	for i := range locks {
		for _, r := range locks[i].Results {
			tree, err := e.buildTree(ctx, &locks[i], r, of, filetree.Origin{Ecosystem: "builds", Element: i})
			at := fault.At("builds").Index(i)
			if err == nil { // it may be older than the architectures
				err = e.checkNative(ctx, at, tree, of)
			}
			if err != nil {
				return nil, buildError(at, locks[i].Context, err)
			}
			files = append(files, tree...)
		}
	}
	return files, nil
}

// buildTree returns the files of a result.
func (e *Env) buildTree(ctx context.Context, b *BuildLock, r BuildResult, of Scope, origin filetree.Origin) (filetree.Tree, error) {
	if err := e.bringBuild(ctx, b, r, of); err != nil {
		return nil, err
	}
	e.Store.Offer(store.RemoteName(r.SHA256), r.SHA256, "")
	return e.Segments.Files(r.SHA256, origin)
}

// bringBuild makes sure that the store has a locked result. One that is in no
// cache is built again, and is taken only if it is the same to the byte.
func (e *Env) bringBuild(ctx context.Context, l *BuildLock, want BuildResult, of Scope) error {
	has, err := e.hasSegment(ctx, want.SHA256)
	if has || err != nil {
		return err
	}
	lost := func(why error) error {
		return &fault.Error{
			At: fault.At("builds"), Summary: fmt.Sprintf("The result of the build of %q is not here", l.Context),
			Detail: "The plan has a build result that is neither in the cache of this machine nor in a shared one, and another build did not give the same bytes: " + fault.Sentence(why.Error()) +
				" Plan and apply on one machine, or share the results by cache.s3 of the provider block.", Err: why,
		}
	}
	recipe := l.recipe(of)
	recipe.Platform = want.Platform
	sent, err := container.ReadContext(ctx, recipe)
	if err != nil {
		return lost(err)
	}
	request, err := l.request(want.Platform, sent)
	if err != nil {
		return err
	}
	if request != want.Request {
		return lost(&local.ChangedError{Source: l.Context})
	}
	kept, err := e.runBuild(ctx, l, recipe, sent)
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		return lost(err)
	}
	if kept != want.SHA256 {
		return lost(errors.New("the engine built different files, as steps that download, compile or write the time often do"))
	}
	return e.Segments.Note(buildKey(request, l.Triggers), kept)
}

// buildError ties what is wrong with a build to the element that asks for it.
func buildError(at fault.Path, dir string, err error) error {
	if fault.Tied(err) {
		return err
	}
	if absent, ok := errors.AsType[*container.AbsentError](err); ok {
		return &fault.Error{At: at.At("files"), Summary: fmt.Sprintf("The built image has no %q", absent.Path), Detail: fault.Sentence(absent.Error()), Err: err}
	}
	if engine, ok := errors.AsType[*container.EngineError](err); ok {
		return &fault.Error{
			At: at, Summary: "No container engine answers",
			Detail: fault.Sentence(engine.Error()) + " No cache has the result, so builds needs Docker or Podman: start one, or name its socket in DOCKER_HOST or by a Docker context.", Err: err,
		}
	}
	if errors.Is(err, errOfflineBuild) {
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("No cache holds the result of the build of %q", dir),
			Detail: "With offline, no container engine is used. Plan once without offline, or use a cache that has the result for these inputs.", Err: err,
		}
	}
	return fault.Tie(at, fmt.Sprintf("The build of %q failed", dir), err)
}
