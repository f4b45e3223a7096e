// Package s3cache is a store.Remote in an S3 bucket.
package s3cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// cacheAttempts is how often a request of a Cache is tried.
const cacheAttempts = 2

// Config names the place of a Cache.
type Config struct {
	// Bucket is the bucket's name; Prefix precedes the objects' names and is
	// used as it is: write "layerbuild/" for a folder.
	Bucket, Prefix string
	// Region is the bucket's; "" means the provider's own.
	Region string
	// KMSKeyID encrypts objects under a KMS key; "" leaves encryption to the
	// bucket.
	KMSKeyID string
}

// Cache is a store.Remote in an S3 bucket. It lists nothing, and it gives up
// early: what it holds can be had elsewhere.
type Cache struct {
	aws      *awsclient.Client
	Config   Config
	Patience time.Duration // without an answer, and without a byte
	whole    time.Duration // for an object

	mu      sync.Mutex
	client  *s3.Client
	session *awsclient.Session
	silent  error // AWS did not answer
}

var _ store.Remote = (*Cache)(nil)

// New returns the cache in a bucket. Nothing is asked yet.
func New(client *awsclient.Client, c Config) *Cache {
	return &Cache{aws: client, Config: c, Patience: 10 * time.Second, whole: 2 * time.Minute}
}

// String returns "s3://bucket/prefix".
func (c *Cache) String() string { return "s3://" + c.Config.Bucket + "/" + c.Config.Prefix }

// Get opens an object; see store.Remote.
func (c *Cache) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	client, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	ctx, watch := c.watch(ctx)
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.Config.Bucket, Key: c.key(name)})
	if err != nil {
		defer watch.stop()
		return nil, fmt.Errorf("reading %q: %w", name, c.absence(watch.cause(ctx, err)))
	}
	return &watchedBody{body: out.Body, ctx: ctx, watch: watch}, nil
}

// Has reports whether an object is there; see store.Remote.
func (c *Cache) Has(ctx context.Context, name string) (bool, error) {
	client, err := c.connect(ctx)
	if err != nil {
		return false, err
	}
	ctx, watch := c.watch(ctx)
	defer watch.stop()
	_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &c.Config.Bucket, Key: c.key(name)})
	if err != nil {
		return false, fmt.Errorf("looking for %q: %w", name, c.absence(watch.cause(ctx, err)))
	}
	return true, nil
}

// Put writes an object, by default on condition that there is none; see
// store.Remote. S3 compares the bytes with their digest.
func (c *Cache) Put(ctx context.Context, name string, o store.Object, replace bool) error {
	client, err := c.connect(ctx)
	if err != nil {
		return err
	}
	ctx, watch := c.watch(ctx)
	defer watch.stop()
	encryption, key := upload.Encryption(c.Config.KMSKeyID)
	input := &s3.PutObjectInput{
		Bucket: &c.Config.Bucket, Key: c.key(name), Body: &watchedFile{io.NewSectionReader(o.Body, 0, o.Size), watch},
		ContentLength:        aws.Int64(o.Size),
		ContentType:          aws.String("application/octet-stream"),
		ChecksumAlgorithm:    s3types.ChecksumAlgorithmSha256,
		ChecksumSHA256:       aws.String(o.SHA256.Base64()),
		ServerSideEncryption: encryption,
		SSEKMSKeyId:          key,
	}
	if !replace {
		input.IfNoneMatch = aws.String("*")
	}
	_, err = client.PutObject(ctx, input)
	if status := awsclient.StatusOf(err); status == awsclient.StatusPrecondition || status == awsclient.StatusConflict {
		return nil // another machine was faster
	}
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, c.explain(watch.cause(ctx, err)))
	}
	return nil
}

func (c *Cache) key(name string) *string { return aws.String(c.Config.Prefix + name) }

// connect returns the client. Settings that cannot work are a
// *store.UnusableError; an AWS that does not answer is asked once in a run.
func (c *Cache) connect(ctx context.Context) (*s3.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil || c.silent != nil {
		return c.client, c.silent
	}
	limited, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	s, region, err := c.aws.Reach(limited, c.Config.Region)
	if err != nil && s == nil && limited.Err() != nil && ctx.Err() == nil {
		c.silent = fmt.Errorf("checking the AWS credentials: no answer within %s", c.Patience)
		return nil, c.silent
	}
	if err != nil {
		return nil, c.unusable(ctx, err)
	}
	c.session = s
	c.client = s3.New(s.S3(region).Options(), func(o *s3.Options) {
		o.RetryMaxAttempts = cacheAttempts
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts, r.MaxBackoff = cacheAttempts, time.Second })
		// The digest in the name is checked in any case.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	return c.client, nil
}

func (c *Cache) unusable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	reason := err.Error()
	if faults, ok := errors.AsType[*awsclient.ConfigError](err); ok {
		reason = faults.Error()
	}
	return &store.UnusableError{Remote: c.String(), Reason: reason}
}

// absence makes fs.ErrNotExist of the answers that mean it. S3 tells a caller
// who may not list the bucket that access is denied, also where there is
// nothing to have.
func (c *Cache) absence(err error) error {
	if awsclient.NoObject(err) {
		return fs.ErrNotExist
	}
	err = c.explain(err)
	if _, ok := errors.AsType[*awsclient.AccessDeniedError](err); ok {
		return &hiddenError{cause: err}
	}
	return err
}

// hiddenError is the answer to who may not know whether an object is there.
type hiddenError struct{ cause error }

func (e *hiddenError) Error() string {
	return e.cause.Error() + " (or there is no such object: S3 tells the two apart where s3:ListBucket is granted)"
}

func (e *hiddenError) Is(target error) bool {
	return target == fs.ErrNotExist || target == fs.ErrPermission
}

func (e *hiddenError) Unwrap() error { return e.cause }

// explain is that of the session, in words about a cache.
func (c *Cache) explain(err error) error {
	if said, ok := errors.AsType[smithy.APIError](err); ok {
		switch said.ErrorCode() {
		case "NoSuchBucket":
			return fmt.Errorf("there is no bucket %q", c.Config.Bucket)
		case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
			return fmt.Errorf("the bucket %q is in another region: write its region into cache.s3", c.Config.Bucket)
		}
	}
	return c.session.Explain(err)
}

// watch bounds the waits of a call, whose context ends with it.
func (c *Cache) watch(ctx context.Context) (context.Context, *watch) {
	ctx, done := context.WithTimeout(ctx, c.whole)
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{patience: c.Patience, done: done, cancel: cancel}
	w.timer = time.AfterFunc(c.Patience, func() { cancel(fmt.Errorf("no answer within %s", c.Patience)) })
	return ctx, w
}

// watch ends a call on which nothing moves.
type watch struct {
	patience time.Duration
	timer    *time.Timer
	done     context.CancelFunc
	cancel   context.CancelCauseFunc
}

// moved notes that something did.
func (w *watch) moved() { w.timer.Reset(w.patience) }

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
	w.done()
}

// cause returns why the call ended: the watch, where it was that.
func (w *watch) cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// watchedBody is an object on its way in.
type watchedBody struct {
	body  io.ReadCloser
	ctx   context.Context //nolint:containedctx // it is the body's own
	watch *watch
}

// Read reads on.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if n > 0 {
		b.watch.moved()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.watch.cause(b.ctx, err)
	}
	return n, err
}

// Close ends the call.
func (b *watchedBody) Close() error {
	err := b.body.Close()
	b.watch.stop()
	return err
}

// watchedFile is a file on its way out.
type watchedFile struct {
	*io.SectionReader
	watch *watch
}

// Read reads on.
func (f *watchedFile) Read(p []byte) (int, error) {
	f.watch.moved()
	return f.SectionReader.Read(p)
}
