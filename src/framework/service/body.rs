//! Answers whose state is sent in [`Parts`]: tonic would encode the whole of it into one buffer first.
//!
//! A handler answers without the state and lays the parts beside the answer; [`InParts`] writes them into the same message, in front
//! of its other fields, where the state's number puts it. The bytes are those that the whole answer would have.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use http_body::Frame;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::codegen::{Body as HttpBody, Bytes, Service};
use tonic::server::NamedService;
use tonic::{Extensions, Status};

use super::MAX_MESSAGE;
use crate::framework::parts::{Making, Parts};

/// What precedes a message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// Number of a response's state, and of msgpack in a value: both are written the same way.
const FIRST_FIELD: u32 = 1;

/// Has the state sent in these parts, as the first field of a message that has `others` bytes without it.
pub(super) fn attach(state: Parts, others: usize, extensions: &mut Extensions) -> Result<(), Status> {
    let length = State::new(state.length()).length() + others;
    if length > MAX_MESSAGE {
        return Err(Status::out_of_range(format!(
            "Error, encoded message length too large: found {length} bytes, the limit is: {MAX_MESSAGE} bytes"
        )));
    }
    extensions.insert(state);
    Ok(())
}

/// How many bytes a field has in front of this many bytes of its own.
fn field_head(length: usize) -> usize {
    1 + encoded_len_varint(length as u64)
}

fn write_field_head(length: usize, out: &mut Vec<u8>) {
    encode_key(FIRST_FIELD, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
}

/// A state in front of its msgpack.
struct State {
    msgpack: usize,
}

impl State {
    fn new(msgpack: usize) -> Self {
        Self { msgpack }
    }

    /// Of the value, which is one field.
    fn value(&self) -> usize {
        match self.msgpack {
            0 => 0,
            length => field_head(length) + length,
        }
    }

    fn length(&self) -> usize {
        field_head(self.value()) + self.value()
    }

    fn write_head(&self, out: &mut Vec<u8>) {
        write_field_head(self.value(), out);
        if self.msgpack > 0 {
            write_field_head(self.msgpack, out);
        }
    }
}

/// The service, sending states in parts where its handlers say so.
#[derive(Clone)]
pub(super) struct InParts<S>(pub S);

impl<S: NamedService> NamedService for InParts<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for InParts<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.call(request).map(|answer| {
            let mut answer = answer?;
            Ok(match answer.extensions_mut().remove::<Parts>() {
                Some(state) => answer.map(|others| Body::new(Whole::new(state, others))),
                None => answer,
            })
        }))
    }
}

/// The message with its state, and what comes after it.
struct Whole {
    /// Until the message began.
    state: Option<Parts>,
    parts: Option<Making>,
    /// The message's other fields.
    fields: Bytes,
    /// The message without its state, and the trailers.
    others: Body,
}

impl Whole {
    fn new(state: Parts, others: Body) -> Self {
        Self {
            state: Some(state),
            parts: None,
            fields: Bytes::new(),
            others,
        }
    }

    /// The beginning of the message, of that of the message without its state.
    fn begin(&mut self, state: Parts, mut message: Bytes) -> Result<Bytes, Status> {
        let head = State::new(state.length());
        let prefix = message.split_to(PREFIX.min(message.len()));
        let [0, a, b, c, d] = *prefix else {
            return Err(Status::internal(
                "the answer does not begin with an uncompressed message",
            ));
        };
        let length = u64::from(u32::from_be_bytes([a, b, c, d])) + head.length() as u64;
        let length = u32::try_from(length).map_err(|_| Status::internal("the answer is too long"))?;
        let mut out = vec![0];
        out.extend(length.to_be_bytes());
        head.write_head(&mut out);
        self.fields = message;
        self.parts = Some(state.into_iter());
        Ok(out.into())
    }
}

impl HttpBody for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.state.is_some() {
            let frame = match ready!(Pin::new(&mut self.others).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                other => return Poll::Ready(other),
            };
            let message = match frame.into_data() {
                Ok(message) => message,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            };
            let begun = self.state.take().map(|state| self.begin(state, message));
            return Poll::Ready(begun.map(|begun| begun.map(Frame::data)));
        }
        if let Some(part) = self.parts.as_mut().and_then(Iterator::next) {
            return Poll::Ready(Some(part.map(Frame::data).map_err(Status::internal)));
        }
        if !self.fields.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.fields)))));
        }
        Pin::new(&mut self.others).poll_frame(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;
    use tonic::Code;

    use super::*;
    use crate::framework::late::Late;
    use crate::framework::parts::Gap;
    use crate::proto::tfplugin6::{Deferred, Diagnostic, DynamicValue, read_data_source};

    /// What precedes the message, and the message.
    fn sent(message: &read_data_source::Response) -> Vec<u8> {
        let message = message.encode_to_vec();
        let mut sent = vec![0];
        sent.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        sent.extend(message);
        sent
    }

    fn parts(msgpack: &[u8], gap: Option<usize>) -> Parts {
        let gap = gap.map(|at| at.min(msgpack.len()));
        let (before, text) = msgpack.split_at(gap.unwrap_or(msgpack.len()));
        let text = String::from_utf8(text.to_vec()).unwrap();
        let gaps = gap.map(|offset| Gap {
            offset,
            length: text.len(),
            late: Late::new(move |out| out.write_all(text.as_bytes()).map_err(|error| error.to_string())),
        });
        Parts::with_gaps(before.to_vec(), gaps.into_iter().collect())
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_the_whole_answer(
            length in prop_oneof![0..300_usize, 16_300..16_500_usize],
            gap in prop::option::of(0..16_500_usize),
            summary in prop::option::of(".{0,20}"),
            deferred: bool,
        ) {
            let diagnostics = summary.map(|summary| Diagnostic { summary, ..Diagnostic::default() });
            let mut answer = read_data_source::Response {
                state: None,
                diagnostics: diagnostics.into_iter().collect(),
                deferred: deferred.then(Deferred::default),
            };
            let msgpack = vec![b'x'; length];
            let others = Body::new(Once(Some(sent(&answer).into())));
            let frames = futures::executor::block_on(collected(Whole::new(parts(&msgpack, gap), others)));
            answer.state = Some(DynamicValue { msgpack, json: Vec::new() });
            prop_assert_eq!(frames.unwrap(), sent(&answer));
        }
    }

    /// A body of one frame.
    struct Once(Option<Bytes>);

    impl HttpBody for Once {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    async fn collected(mut body: Whole) -> Result<Vec<u8>, Status> {
        let mut bytes = Vec::new();
        while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
        {
            bytes.extend(frame?.into_data().unwrap());
        }
        Ok(bytes)
    }

    #[test]
    fn a_message_has_the_limit_of_every_other() {
        let long = |length| {
            let late = Late::new(|_| Ok(()));
            Parts::with_gaps(
                Vec::new(),
                vec![Gap {
                    offset: 0,
                    late,
                    length,
                }],
            )
        };
        let mut extensions = Extensions::new();
        let head = 10;
        assert!(attach(long(MAX_MESSAGE - head), 0, &mut extensions).is_ok());
        for (length, others) in [(MAX_MESSAGE - head + 1, 0), (MAX_MESSAGE - head, 1)] {
            let error = attach(long(length), others, &mut extensions).unwrap_err();
            assert_eq!(error.code(), Code::OutOfRange);
        }
    }
}
