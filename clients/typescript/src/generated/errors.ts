// Made by "npm run generate" from api/errors.json: change it there.

export const fixes: Record<string, { title: string; fix: string }> = {};
