// Images, and structured output that the SDKs' own helpers ask for and parse.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import {zodOutputFormat} from '@anthropic-ai/sdk/helpers/zod';
import OpenAI from 'openai';
import {zodResponseFormat, zodTextFormat} from 'openai/helpers/zod';
import * as z from 'zod';
import {dataUrl, images, seen, shape, textOf} from './cases.mjs';
import {providers, start} from './stage.mjs';

const stage = await start('authored');
const openai = new OpenAI({baseURL: `${stage.url}/v1`, apiKey: stage.key, maxRetries: 0});
const anthropic = new Anthropic({baseURL: stage.url, apiKey: stage.key, maxRetries: 0});
const Weather = z.object({city: z.string(), degrees: z.number()});
const messages = [{role: 'user', content: '?'}];
const urls = [images.url, dataUrl];

for (const provider of providers) {
  const look = `${provider}-look`;
  const model = `${provider}-shape`;

  test(`${provider}: chat sends images`, async () => {
    const content = urls.map((url) => ({type: 'image_url', image_url: {url}}));
    const answer = await openai.chat.completions.create(
      {model: look, messages: [{role: 'user', content}]});
    assert.equal(answer.choices[0].message.content, seen);
  });

  test(`${provider}: responses send images`, async () => {
    const content = urls.map((image_url) => ({type: 'input_image', image_url, detail: 'auto'}));
    const answer = await openai.responses.create(
      {model: look, input: [{role: 'user', content}]});
    assert.equal(answer.output_text, seen);
  });

  test(`${provider}: messages send images`, async () => {
    const content = [
      {type: 'image', source: {type: 'url', url: images.url}},
      {type: 'image', source: {type: 'base64', media_type: 'image/png', data: images.png}}];
    const answer = await anthropic.messages.create(
      {model: look, max_tokens: 64, messages: [{role: 'user', content}]});
    assert.equal(textOf(answer), seen);
  });

  test(`${provider}: chat parses an answer and a stream`, async () => {
    const asked = {model, messages, response_format: zodResponseFormat(Weather, 'weather')};
    const plain = await openai.chat.completions.parse(asked);
    const streamed = await openai.chat.completions.stream(asked).finalChatCompletion();
    for (const answer of [plain, streamed])
      assert.deepEqual(answer.choices[0].message.parsed, shape);
  });

  test(`${provider}: responses parse an answer and a stream`, async () => {
    const asked = {model, input: '?', text: {format: zodTextFormat(Weather, 'weather')}};
    const plain = await openai.responses.parse(asked);
    const streamed = await openai.responses.stream(asked).finalResponse();
    for (const answer of [plain, streamed]) assert.deepEqual(answer.output_parsed, shape);
  });

  test(`${provider}: messages parse an answer and a stream`, async () => {
    const asked = {model, max_tokens: 64, messages,
                   output_config: {format: zodOutputFormat(Weather)}};
    const plain = await anthropic.messages.parse(asked);
    const streamed = await anthropic.messages.stream(asked).finalMessage();
    for (const answer of [plain, streamed]) assert.deepEqual(answer.parsed_output, shape);
  });
}
